import Foundation
import LocalLM
import ModelFiles
import Synchronization
import Testing
import TestSupport

@testable import SelfImprove

/// What the first request for a model means for everyone else who asks the daemon.
@Suite struct ColdModelTests {
    /// The best of three tries counts, because other tests share the processor. A load that holds the others holds them
    /// in every try, for the 200 ms and more that reading, hashing and packing take.
    @Test("While a cold model loads, health and the list of models are answered at once")
    func loading() throws {
        try withTemporaryDirectory { state in
            let digest = try storeModel(in: Lineage.open(state: state))
            var longest: [Duration] = []
            while longest.count < 3, longest.min() ?? .seconds(1) >= .milliseconds(100) {
                longest.append(try longestWait(whileLoading: digest, state))
            }
            #expect(longest.min()! < .milliseconds(100), "\(longest)")
        }
    }

    /// The longest time for an answer of `/healthz` or `/v1/models`, until a new daemon has answered with a cold model.
    private func longestWait(whileLoading model: String, _ state: URL) throws -> Duration {
        nonisolated(unsafe) let daemon = try DaemonProcess(state: state)
        defer { daemon.end() }
        _ = try daemon.send("GET", "/healthz")  // the client's own first request takes long
        let isLoading = Atomic(true), isAnswered = DispatchSemaphore(value: 0), status = Mutex(0)
        DispatchQueue.global().async {
            do {
                let body = "{\"model\":\"\(model)\",\"prompt\":\"the\",\"max_tokens\":1}"
                let answer = try daemon.send("POST", "/v1/completions", body)
                status.withLock { $0 = answer.status }
            } catch { Issue.record(error) }
            isLoading.store(false, ordering: .relaxed)
            isAnswered.signal()
        }
        let clock = ContinuousClock()
        var longest = Duration.zero
        while isLoading.load(ordering: .relaxed) {
            for path in ["/healthz", "/v1/models"] {
                longest = max(longest, try clock.measure { _ = try daemon.send("GET", path) })
            }
        }
        isAnswered.wait()
        #expect(status.withLock { $0 } == 200)
        return longest
    }

    /// 170 MB of random weights: some tenths of a second to read, hash and pack.
    private func storeModel(in lineage: Lineage) throws -> String {
        let configuration = TinyModels.configuration(
            hidden: 768,
            ffn: 2048,
            layers: 6,
            heads: 12,
            kvHeads: 12,
            vocabulary: 80
        )
        return try lineage.enter(TinyModels.spelling(configuration))
    }
}
