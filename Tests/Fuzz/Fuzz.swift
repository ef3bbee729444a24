import Foundation
import Fuzzing

/// Feeds mutated files to every reader of untrusted bytes: `fuzz --target all --count 1000000 --seed 1`.
///
/// Inputs run in child processes, so that a crash, a hang or a flood of memory is the child's end and is reported with the number
/// of its input. `fuzz --target NAME --seed S --input N` runs that one again.
@main
enum Fuzz {
    static func main() throws {
        let options: Options
        do { options = try Options(Array(CommandLine.arguments.dropFirst())) } catch {
            FileHandle.standardError.write(Data("fuzz: \(error)\n\(Options.usage)\n".utf8))
            exit(2)
        }
        if let job = options.job { return try Worker(job, options).run() }
        if let number = options.input { return try runOne(options, number) }
        var faults = 0
        for target in options.targets { faults += try Supervisor(target, options).run() }
        exit(faults == 0 ? 0 : 1)
    }

    /// One input in this process: what it is, and what becomes of it.
    private static func runOne(_ options: Options, _ number: Int) throws {
        let folder = try WorkFolder()
        defer { folder.remove() }
        for target in options.targets {
            let fuzzer = try Fuzzer(target, seed: options.seed, folder: folder.url)
            try FuzzFailure.save(fuzzer.input(number), target: target.name, seed: options.seed, number: number, in: options.failures)
            let result = fuzzer.run(number)
            print("\(target.name), seed \(options.seed), input \(number): \(result.outcome), \(Int(result.seconds * 1000)) ms")
        }
    }
}
