import Foundation
import FuzzTargets

/// Divides a target's inputs among workers, watches them, starts them again behind an input that ended one, and
/// reports.
struct Supervisor {
    private static let mostFaults = 100
    /// A worker measures its inputs itself; one that does not come back from an input is ended after this much
    /// processor time, or after `blockedSeconds` without any.
    private var hangSeconds: Double { 2 * Double(options.seconds) }
    private static let blockedSeconds = 20.0

    private let target: any FuzzTarget.Type
    private let options: Options
    private let folder: WorkFolder

    /// A worker's process, and when it last came to a new input.
    private struct Running {
        let process: Process
        let record: Record
        let step: Int
        var number = -1
        /// Its processor time when it came to that input.
        var processorSeconds = 0.0
        /// When its processor time was last seen to grow, and what it was then: on a busy machine a worker waits.
        var active = (at: Date(), processorSeconds: 0.0)
    }

    init(_ target: any FuzzTarget.Type, _ options: Options) throws {
        self.target = target
        self.options = options
        folder = try WorkFolder()
    }

    /// - Returns: how many faults were found.
    func run() throws -> Int {
        defer { folder.remove() }
        let start = Date()
        var total = Record.Figures()
        var faults = 0
        var running = try (0..<options.workers).map { try launch(from: $0) }
        while !running.isEmpty {
            usleep(20_000)
            for index in running.indices.reversed() {
                if running[index].process.isRunning {
                    endIfStuck(&running[index])
                    continue
                }
                let worker = running.remove(at: index)
                let figures = worker.record.figures.pointee
                total.add(figures)
                if !figures.isDone {
                    faults += 1
                    try report(worker, figures.number)
                    if faults < Self.mostFaults, figures.number + worker.step < options.count {
                        running.append(try launch(from: figures.number + worker.step))
                    }
                }
                worker.record.unmap()
            }
        }
        print(summary(total, faults, seconds: Date().timeIntervalSince(start)))
        fflush(nil)
        return faults
    }

    private func launch(from first: Int) throws -> Running {
        let path = folder.url.appendingPathComponent("record-\(first)").path
        let record = try Record(path)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "--target", target.name, "--count", "\(options.count)", "--seed", "\(options.seed)", "--memory",
            "\(options.memory)", "--seconds", "\(options.seconds)", "--job",
            "\(first),\(options.workers),\(path)",
        ]
        try process.run()
        return Running(process: process, record: record, step: options.workers)
    }

    private func endIfStuck(_ worker: inout Running) {
        let number = worker.record.figures.pointee.number,
            processor = Self.processorSeconds(worker.process.processIdentifier)
        if number != worker.number { (worker.number, worker.processorSeconds) = (number, processor) }
        if processor > worker.active.processorSeconds { worker.active = (Date(), processor) }
        if processor - worker.processorSeconds > hangSeconds
            || Date().timeIntervalSince(worker.active.at) > Self.blockedSeconds
        {
            worker.record.fault = "hangs"
            kill(worker.process.processIdentifier, SIGKILL)
        }
    }

    private static func processorSeconds(_ process: Int32) -> Double {
        var clock = clockid_t(), time = timespec()
        guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private func report(_ worker: Running, _ number: Int) throws {
        let what =
            worker.record.fault
            ?? "ended the process (status \(worker.process.terminationStatus), \(worker.process.terminationReason))"
        print("FAULT \(target.name) input \(number): \(what)")
        print("      again: fuzz --target \(target.name) --seed \(options.seed) --input \(number)")
        fflush(nil)
        let scratch = try WorkFolder()
        defer { scratch.remove() }
        try FuzzFailure.save(
            Fuzzer(target, seed: options.seed, folder: scratch.url).input(number),
            target: target.name,
            seed: options.seed,
            number: number,
            in: options.failures
        )
    }

    private func summary(_ figures: Record.Figures, _ faults: Int, seconds: Double) -> String {
        func share(_ part: Int) -> String {
            String(format: "%.1f %%", 100 * Double(part) / Double(max(figures.count, 1)))
        }
        return
            "\(target.name): \(figures.count) inputs, seed \(options.seed), \(faults) faults; \(share(figures.accepted)) accepted, \(share(figures.refused)) refused, "
            + "\(share(figures.unreadable)) unreadable; \(Int(Double(figures.count) / seconds)) a second; slowest "
            + String(format: "%.1f ms", figures.slowestSeconds * 1000)
            + " (input \(figures.slowestNumber)); peak \(figures.peakKilobytes >> 10) MB"
    }
}
