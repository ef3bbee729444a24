import Crypto
import Foundation
import ModelFiles

/// A trainer whose run can be kept on disk between two steps, and taken up again.
public protocol Trainer {
    /// The run's present state. It shares the trainer's memory: restoring it changes the trainer.
    var run: TrainingRun { get }
}

/// Weights, the optimizer's moments and the number of steps of a trainer.
public struct TrainingRun {
    let engine: TrainingEngine
}

/// A training run on disk, so that it can be interrupted at any moment and resumed as if it had not been.
///
/// The file is a safetensors file: the weights, the optimizer's moments (AdamW's two, Muon's momentum) and the log of
/// the steps so far, whose count is the step. Schedule, order of the data and everything random are functions of the
/// step and of what `identity` names, so they need no state of their own: a resumed run makes the same bytes as an
/// uninterrupted one.
///
/// Files are named by their SHA-256, written to a temporary name, fsynced and renamed; the one before is removed after
/// that.
public struct TrainingSnapshot: Sendable {
    private let directory: URL
    private let name: String
    private let identity: String

    /// - Parameters:
    ///   - directory: made where it is missing.
    ///   - name: of the run; several may share a directory.
    ///   - identity: everything that decides what the run computes; a file of another identity is not used.
    public init(directory: URL, name: String, identity: String) {
        self.directory = directory
        self.name = name
        self.identity = identity
    }

    /// Saves the state of the run after `log`.
    public func save(_ run: TrainingRun, log: [TrainingStep]) throws {
        precondition(log.count == run.engine.step, "the log holds every step")
        let before = try files()
        let place = try AtomicFile.write(in: directory, label: name) { write in
            var hash = SHA256()
            try withTensors(run, log) { tensors in
                try SafeTensorsFile.write(tensors, metadata: [("identity", identity)]) {
                    hash.update(bufferPointer: $0)
                    try write($0)
                }
            }
            return fileName(hash.finalize())
        }
        for file in before where file != place { unlink(file.path) }
    }

    private func fileName(_ digest: SHA256.Digest) -> String { "\(name).\(digest.hexadecimal).safetensors" }

    /// Brings a fresh trainer to where the run was kept.
    /// - Returns: the log of the steps that need not be done again; empty where nothing is kept, or only what is
    ///   another's.
    /// - Throws: `.damaged` for a file that is not what its name says; the trainer is as it was.
    public func restore(_ run: TrainingRun) throws -> [TrainingStep] {
        // A cut between two renames leaves two: the further one counts.
        var best: (file: SafeTensorsFile, log: [TrainingStep])?
        for url in try files() {
            let file = try verified(url)
            guard file.metadata["identity"] == identity, let entry = file.entries["log"], entry.type == .float64,
                entry.shape.last == TrainingStep.width,
                run.engine.state.allSatisfy({
                    file.entries[$0.name]?.shape == [$0.buffer.count] && file.entries[$0.name]?.type == .float32
                })
            else { continue }
            var numbers = [Double](repeating: 0, count: entry.range.count / 8)
            try numbers.withUnsafeMutableBytes { try file.read("log", into: $0) }
            if numbers.count / TrainingStep.width > best?.log.count ?? 0 { best = (file, TrainingStep.log(numbers)) }
        }
        guard let (file, log) = best else { return [] }
        for (name, buffer) in run.engine.state {
            try file.read(name, into: UnsafeMutableBufferPointer(start: buffer.pointer, count: buffer.count))
        }
        run.engine.resume(after: log.count)
        return log
    }

    /// Forgets the run.
    public func remove() throws { for file in try files() { unlink(file.path) } }

    private func files() throws -> [URL] {
        guard AtomicFile.exists(directory) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
            .filter { $0.hasPrefix(name + ".") && $0.hasSuffix(".safetensors") }.map(directory.appendingPathComponent)
    }

    private func verified(_ url: URL) throws -> SafeTensorsFile {
        let file = try SafeTensorsFile(url)
        var hash = SHA256()
        try file.reader.forEachChunk { hash.update(bufferPointer: $0) }
        guard url.lastPathComponent == fileName(hash.finalize()) else {
            throw LocalLMError(.damaged, "its bytes are not what its name says", context: url.path)
        }
        return file
    }

    private func withTensors(
        _ run: TrainingRun,
        _ log: [TrainingStep],
        _ body: ([SafeTensorsFile.Tensor]) throws -> Void
    ) throws {
        let numbers = log.flatMap(\.numbers)
        try numbers.withUnsafeBytes { bytes in
            let buffers = run.engine.state.map { name, buffer in
                SafeTensorsFile.Tensor(
                    name: name,
                    type: .float32,
                    shape: [buffer.count],
                    bytes: UnsafeRawBufferPointer(start: buffer.pointer, count: buffer.count * 4)
                )
            }
            // Doubles first: they stay aligned.
            try body(
                [.init(name: "log", type: .float64, shape: [log.count, TrainingStep.width], bytes: bytes)] + buffers
            )
        }
    }
}

/// A row of the log: its numbers, NaN for what the kind of training does not have.
extension TrainingStep {
    fileprivate static let width = 9

    fileprivate var numbers: [Double] {
        [
            Double(step), loss, gradientNorm, learningRate, Double(tokens), Double(targetTokens), rewardMargin ?? .nan,
            rewardAccuracy ?? .nan,
            chosenLogprob ?? .nan,
        ]
    }

    fileprivate static func log(_ numbers: [Double]) -> [TrainingStep] {
        stride(from: 0, to: numbers.count - width + 1, by: width).map { start in
            let row = numbers[start..<start + width].map { $0.isNaN ? nil : $0 }
            func whole(_ index: Int) -> Int { row[index].flatMap { Int(exactly: $0) } ?? 0 }
            return TrainingStep(
                step: whole(0),
                loss: row[1] ?? .nan,
                gradientNorm: row[2] ?? .nan,
                learningRate: row[3] ?? .nan,
                tokens: whole(4),
                targetTokens: whole(5),
                rewardMargin: row[6],
                rewardAccuracy: row[7],
                chosenLogprob: row[8]
            )
        }
    }
}
