import Foundation
import FuzzTargets

/// Feeds mutated files to every reader of untrusted bytes: `fuzz --target all --count 1000000 --seed 1`.
///
/// Inputs run in child processes, so that a crash, a hang or a flood of memory is the child's end and is reported with
/// the number of its input. `fuzz --target NAME --seed S --input N` runs that one again, `--file PATH` one that was
/// kept.
@main
enum Fuzz {
    static func main() throws {
        let options: Options
        do { options = try Options(Array(CommandLine.arguments.dropFirst())) } catch {
            FileHandle.standardError.write(Data("fuzz: \(error)\n\(Options.usage)\n".utf8))
            exit(2)
        }
        if let job = options.job { return try Worker(job, options).run() }
        if options.input != nil || !options.files.isEmpty { return try runOne(options) }
        var faults = 0
        for target in options.targets { faults += try Supervisor(target, options).run() }
        exit(faults == 0 ? 0 : 1)
    }

    /// One input in this process: what becomes of it. A numbered one is kept in files.
    private static func runOne(_ options: Options) throws {
        let folder = try WorkFolder()
        defer { folder.remove() }
        let target = options.targets[0]
        let fuzzer = try Fuzzer(target, seed: options.seed, folder: folder.url)
        let input: FuzzInput
        if let number = options.input {
            input = fuzzer.input(number)
            try FuzzFailure.save(input, target: target.name, seed: options.seed, number: number, in: options.failures)
        } else {
            input = try options.files.map { [UInt8](try Data(contentsOf: $0)) }
            let parts = fuzzer.input(0).count
            guard input.count == parts else {
                throw Options.Unusable(description: "an input of \(target.name) has \(parts) files, not \(input.count)")
            }
        }
        let result = fuzzer.run(input)
        print("\(target.name): \(result.outcome), \(Int(result.seconds * 1000)) ms")
    }
}
