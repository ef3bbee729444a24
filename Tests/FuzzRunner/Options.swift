import Foundation
import FuzzTargets

/// What the command line says.
struct Options {
    static let usage = """
        usage: fuzz [--target all|NAME] [--count N] [--seed S] [--workers W] [--memory MB] [--seconds S]
                    [--failures DIR]
               fuzz --target NAME --seed S --input N
               fuzz --target NAME --file PATH [--file PATH ...]
        targets: \(FuzzTargets.all.map { $0.name }.joined(separator: ", "))
        """

    /// A worker's part: the numbers from `first` on in steps of `step`, counted in the record at `path`.
    struct Job {
        let first: Int
        let step: Int
        let path: String
    }

    struct Unusable: Error, CustomStringConvertible { let description: String }

    var targets = FuzzTargets.all
    var count = 1_000_000
    var seed: UInt64 = 1
    var workers = 2
    /// Most resident memory of a worker, in MB; 0: any. A sanitizer needs more.
    var memory = 256
    /// Most processor time of an input. A sanitizer needs more.
    var seconds = Int(Fuzzer.longestSeconds)
    var failures = URL(fileURLWithPath: "fuzz-failures")
    var input: Int?
    /// The parts of one input that lies in files.
    var files: [URL] = []
    var job: Job?

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw Unusable(description: "\(name) needs a value") }
            func number(from least: Int) throws -> Int {
                guard let number = Int(value), number >= least else {
                    throw Unusable(description: "\(name) is \(value), not a whole number from \(least)")
                }
                return number
            }
            switch name {
            case "--target":
                guard value != "all" else { continue }
                guard let target = FuzzTargets.named(value) else {
                    throw Unusable(description: "no target is called \(value)")
                }
                targets = [target]
            case "--count": count = try number(from: 1)
            case "--seed": seed = UInt64(try number(from: 0))
            case "--workers": workers = try number(from: 1)
            case "--memory": memory = try number(from: 0)
            case "--seconds": seconds = try number(from: 1)
            case "--failures": failures = URL(fileURLWithPath: value)
            case "--input": input = try number(from: 0)
            case "--file": files.append(URL(fileURLWithPath: value))
            case "--job":
                let parts = value.split(separator: ",", maxSplits: 2)
                guard parts.count == 3, let first = Int(parts[0]), let step = Int(parts[1]) else {
                    throw Unusable(description: "\(value) is no job")
                }
                job = Job(first: first, step: step, path: String(parts[2]))
            default: throw Unusable(description: "unknown option \(name)")
            }
        }
    }
}
