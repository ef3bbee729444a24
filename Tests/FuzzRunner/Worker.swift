import Foundation
import FuzzTargets

/// Runs a part of the inputs in this process and counts in the record that it shares with the supervisor.
struct Worker {
    private let job: Options.Job
    private let options: Options
    private let record: Record

    init(_ job: Options.Job, _ options: Options) throws {
        self.job = job
        self.options = options
        record = try Record(job.path)
    }

    func run() throws {
        limitAddressSpace()
        let folder = URL(fileURLWithPath: job.path + ".files")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let fuzzer = try Fuzzer(
            options.targets[0],
            seed: options.seed,
            folder: folder,
            longestSeconds: Double(options.seconds)
        )
        let figures = record.figures, supervisor = getppid()
        for number in stride(from: job.first, to: options.count, by: job.step) {
            // Who is left alone has nobody to work for.
            guard getppid() == supervisor else { return }
            figures.pointee.number = number
            let result = fuzzer.run(number)
            if result.seconds > figures.pointee.slowestSeconds {
                figures.pointee.slowestSeconds = result.seconds
                figures.pointee.slowestNumber = number
            }
            figures.pointee.peakKilobytes = Self.peakKilobytes()
            switch result.outcome {
            case .accepted: figures.pointee.accepted += 1
            case .refused: figures.pointee.refused += 1
            case .unreadable: figures.pointee.unreadable += 1
            case .fault(let what): return record.fault = what
            }
            if options.memory > 0 && figures.pointee.peakKilobytes > options.memory << 10 {
                return record.fault = "memory grew to \(figures.pointee.peakKilobytes >> 10) MB"
            }
        }
        figures.pointee.isDone = true
    }

    /// An allocation far beyond the limit fails, and ends this process, before it harms the machine.
    private func limitAddressSpace() {
        guard options.memory > 0 else { return }
        var limit = rlimit(rlim_cur: rlim_t(options.memory) << 22, rlim_max: rlim_t(options.memory) << 22)
        setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
    }

    /// The most memory that was resident at once.
    private static func peakKilobytes() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss
    }
}
