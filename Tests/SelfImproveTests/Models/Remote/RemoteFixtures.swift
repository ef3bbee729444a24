import Foundation
import ModelFiles
import Synchronization

@testable import SelfImprove

/// A key as services hand them out.
let testKey = "sk-proj-A1b2C3d4E5f6G7h8I9j0KkLlMmNnOoPp"

/// What an endpoint says that answers.
func chatReply(_ text: String, model: String = "m", finish: String = "stop") -> String {
    """
    {"id": "x", "object": "chat.completion", "model": "\(model)", "choices": [{"index": 0, "message": {"role": \
    "assistant", "content": "\(text)"}, "finish_reason": "\(finish)"}], "usage": {"prompt_tokens": 7, \
    "completion_tokens": 3, "total_tokens": 10}}
    """
}

let question = ChatCompletionBody(model: "m", messages: [.init(role: "user", content: "2 + 2?")], maximumTokens: 16)

/// A value that tasks of a test share.
final class Shared<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) { state = Mutex(value) }

    var value: Value { state.withLock { $0 } }
    func change(_ body: @Sendable (inout Value) -> Void) { state.withLock { body(&$0) } }
}

/// A clock whose waits take no time.
final class VirtualClock: Sendable {
    private let state = Mutex<(now: Double, waits: [Double])>((0, []))
    /// What the date is at second 0: Sun, 06 Nov 1994 08:49:37 GMT.
    static let start = 784_111_777.0

    var waits: [Double] { state.withLock { $0.waits } }
    var now: Double { state.withLock { $0.now } }
    func advance(_ seconds: Double) { state.withLock { $0.now += seconds } }

    var clock: CallClock {
        CallClock(
            seconds: { self.now },
            date: { Date(timeIntervalSince1970: Self.start + self.now) },
            sleep: { seconds in
                try Task.checkCancellation()
                self.state.withLock { state in
                    state.now += seconds
                    state.waits.append(seconds)
                }
                await Task.yield()
            }
        )
    }
}

/// Says what a script tells it to, without a network.
final class ScriptedTransport: HTTPTransport {
    private let calls = Mutex<[HTTPCall]>([])
    private let script: @Sendable (Int, HTTPCall) -> Result<HTTPReply, HTTPFailure>

    /// - Parameter script: gets the number of the call, from 0, and the call.
    init(_ script: @escaping @Sendable (Int, HTTPCall) -> Result<HTTPReply, HTTPFailure>) { self.script = script }

    var sent: [HTTPCall] { calls.withLock { $0 } }

    /// The bodies that were posted, as text.
    var bodies: [String] {
        sent.map { call in
            guard case .post(let body) = call.method else { return "" }
            return String(decoding: body, as: UTF8.self)
        }
    }

    func send(_ call: HTTPCall) async -> Result<HTTPReply, HTTPFailure> {
        let number = calls.withLock { calls in
            calls.append(call)
            return calls.count - 1
        }
        return script(number, call)
    }
}

extension HTTPReply {
    init(_ status: Int, _ body: String, _ headers: [HTTPHeader] = []) {
        self.init(status: status, headers: headers, body: Array(body.utf8))
    }
}

extension EndpointSettings {
    static func test(_ base: String = "http://127.0.0.1:9/v1", concurrency: Int = 8) throws -> EndpointSettings {
        EndpointSettings(
            name: "peer",
            address: try EndpointAddress(base),
            servedModel: "m",
            concurrency: concurrency
        )
    }
}
