import Foundation
import FoundationNetworking
import SelfImprove

/// A daemon of our own: a process, on a free port of the loopback address.
final class DaemonProcess {
    struct Answer {
        var status: Int
        var body: Data
        var text: String { String(decoding: body, as: UTF8.self) }
        func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try JSONDecoder().decode(type, from: body) }
    }

    struct Status: Decodable {
        struct Step: Decodable, Equatable {
            var round: Int
            var name: String
            var done: Int
            var total: Int
        }
        var campaign: String
        var status: String
        var reason: String?
        var round: Int
        var champion: String?
        var step: Step?
        var queuePosition: Int?
    }

    typealias Failure = Program.Failure

    let process: Process
    let port: Int
    private(set) var wasKilledByUs = false
    private let token: String?

    /// Keeps its training all the time, so that what is cut off goes on inside of a step.
    /// - Throws: where it does not listen.
    init(
        state: URL,
        token: String? = nil,
        tokenFile: URL? = nil,
        failpoint: String? = nil,
        checkpoints: String = "0.001s",
        log: URL? = nil
    ) throws {
        process = Program.process([
            "daemon", "--state", state.path, "--port", "0", "--json", "--checkpoint-every", checkpoints,
        ])
        self.token = token
        process.environment?["SELFIMPROVE_FAILPOINT"] = failpoint
        process.environment?["SELFIMPROVE_TOKEN"] = tokenFile == nil ? token : nil
        process.environment?["SELFIMPROVE_TOKEN_FILE"] = tokenFile?.path
        let out = Pipe()
        process.standardOutput = out
        if let log { FileManager.default.createFile(atPath: log.path, contents: nil) }
        process.standardError = try log.map { try FileHandle(forWritingTo: $0) } ?? FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        var line = Data()
        while !line.contains(0x0A) {
            let more = out.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Failure(description: "the daemon ended before it listened") }
            line += more
        }
        struct Listening: Decodable { var port: String }
        port = Int(try JSONDecoder().decode(Listening.self, from: line.prefix { $0 != 0x0A }).port) ?? 0
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Sends a signal and waits for the end.
    @discardableResult func end(_ signal: Int32 = SIGTERM) -> Int32 {
        wasKilledByUs = true
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Waits until the time is up, the campaign has ended, the process has died, or so many steps have begun.
    /// - Returns: whether the campaign has ended.
    func follow(_ campaign: String, seconds: Double, steps: Int = .max) throws -> Bool {
        let end = Date(timeIntervalSinceNow: seconds)
        var seen: Status.Step?
        var begun = 0
        while Date() < end, process.isRunning, begun <= steps {
            do {
                let now = try status(campaign)
                if now.status == "finished" { return true }
                if let step = now.step, step.round != seen?.round || step.name != seen?.name {
                    (seen, begun) = (step, begun + 1)
                }
            } catch is URLError {}  // it dies while it is asked
            usleep(10_000)
        }
        return false
    }

    func send(_ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:]) throws -> Answer
    {
        var request = URLRequest(url: URL(string: "http://127.0.0.1:\(port)\(path)")!, timeoutInterval: 30)
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        for (key, value) in headers { request.setValue(value, forHTTPHeaderField: key) }
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var result: Result<Answer, any Error> = .failure(Failure(description: "no answer"))
        URLSession.shared.dataTask(with: request) { data, response, error in
            if let error { result = .failure(error) }
            if let response = response as? HTTPURLResponse {
                result = .success(Answer(status: response.statusCode, body: data ?? Data()))
            }
            done.signal()
        }.resume()
        done.wait()
        return try result.get()
    }

    /// Processor time of the process so far (proc(5), stat: utime and stime, after the name in parentheses).
    var processorSeconds: Double {
        get throws {
            let stat = try String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
            let fields = stat[stat.lastIndex(of: ")")!...].split(separator: " ").dropFirst()
            let ticks = fields.dropFirst(11).prefix(2).compactMap { Double($0) }
            guard ticks.count == 2 else { throw Failure(description: "no times in \(stat)") }
            return (ticks[0] + ticks[1]) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }

    func status(_ campaign: String) throws -> Status {
        try send("GET", "/api/campaigns/\(campaign)").decode(Status.self)
    }

    /// Waits until a campaign is as wanted.
    func wait(_ campaign: String, seconds: Double = 60, until isThere: (Status) -> Bool) throws -> Status {
        let end = Date(timeIntervalSinceNow: seconds)
        while Date() < end {
            let now = try status(campaign)
            if isThere(now) { return now }
            usleep(20_000)
        }
        throw Failure(description: "\(campaign) did not get there in \(seconds) s: \(try status(campaign))")
    }
}
