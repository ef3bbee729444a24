import Foundation
import LocalLM
import ModelFiles

/// The immutable files of a state directory: `models/<digest>/`, `adapters/<digest>/` and `data/<digest>.jsonl`.
///
/// A file gets its name only once its bytes are on disk (written under a hidden name beside its place, fsynced,
/// renamed, the directory fsynced). Only then may a row of the database name it. So a name that exists is whole, unless
/// the disk lies; and that is checked whenever a model is loaded.
public struct FileStore: Sendable {
    public let root: URL

    public init(root: URL) { self.root = root }

    public var models: URL { root.appendingPathComponent("models", isDirectory: true) }
    public var data: URL { root.appendingPathComponent("data", isDirectory: true) }

    public var adapters: URL { root.appendingPathComponent("adapters", isDirectory: true) }

    public func adapterDirectory(_ digest: String) -> URL { adapters.appendingPathComponent(digest, isDirectory: true) }
    public func modelDirectory(_ digest: String) -> URL { models.appendingPathComponent(digest, isDirectory: true) }
    public func datasetFile(_ digest: String) -> URL { data.appendingPathComponent(digest + ".jsonl") }

    /// Removes what processes that died left half written. Only for the holder of the state's lock.
    public func clearLeftovers() throws {
        for directory in [models, adapters, data] + (try trainingDirectories())
        where FileManager.default.fileExists(atPath: directory.path) {
            for name in try FileManager.default.contentsOfDirectory(atPath: directory.path)
            where name.hasPrefix(".") && name.hasSuffix(".tmp") {
                try FileManager.default.removeItem(at: directory.appendingPathComponent(name))
            }
        }
    }

    // MARK: Training that runs

    private var training: URL { root.appendingPathComponent("training", isDirectory: true) }

    /// Where a step keeps its training while it runs. No part of the lineage: without it the step starts again.
    func trainingDirectory(_ step: StepKey) -> URL {
        training.appendingPathComponent("\(step.campaign).\(step.round).\(step.step.rawValue)", isDirectory: true)
    }

    private func trainingDirectories() throws -> [URL] {
        guard FileManager.default.fileExists(atPath: training.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: training.path).map {
            training.appendingPathComponent($0, isDirectory: true)
        }
    }

    /// Removes what steps of a campaign kept that are over, all but `step`.
    public func clearTraining(of campaign: String, except step: StepKey? = nil) throws {
        let kept = step.map { trainingDirectory($0).lastPathComponent }
        for directory in try trainingDirectories() {
            let name = directory.lastPathComponent
            if name.hasPrefix(campaign + "."), name != kept { try FileManager.default.removeItem(at: directory) }
        }
    }

    /// - Throws: `.notFound`, in these words, where there is nothing.
    private func require(_ place: URL, _ missing: String, hint: String) throws {
        guard FileManager.default.fileExists(atPath: place.path) else {
            throw SelfImproveError(.notFound, missing, context: place.path, hint: hint)
        }
    }

    // MARK: Models

    /// Writes a model under its digest, which it returns. The same model twice is one directory.
    /// - Parameters:
    ///   - precision: of the file of weights.
    ///   - adapter: is merged into them as they are written.
    public func store(
        _ checkpoint: Checkpoint,
        as precision: Precision = .fp32,
        card: String? = nil,
        merging adapter: Adapter? = nil
    ) throws -> String {
        try checkpoint.store(in: models, as: precision, card: card, merging: adapter)
    }

    /// The directory of a model, checked against its name. Call it before loading.
    public func verified(model digest: String) throws -> URL {
        let directory = modelDirectory(digest)
        try require(directory, "the model's files are gone", hint: "restore them from a backup")
        try Checkpoint.verify(directory, digest: digest)
        return directory
    }

    /// A model, verified.
    public func load(model digest: String) throws -> Checkpoint { try Checkpoint.load(verified(model: digest)) }

    // MARK: Adapters

    /// Writes an adapter as a PEFT directory under its digest, which it returns.
    /// - Parameter base: digest of the model that it adapts.
    public func store(_ adapter: Adapter, base: String) throws -> String { try adapter.store(in: adapters, base: base) }

    /// Sees that an adapter's files are what its name says.
    /// - Throws: `.damaged`, or `.notFound` where they are gone.
    public func verify(adapter digest: String) throws {
        let directory = adapterDirectory(digest)
        let hint = "the model that it was merged into is whole; restore the adapter from a backup"
        try require(directory, "the adapter's files are gone", hint: hint)
        try Adapter.verify(directory, digest: digest)
    }

    // MARK: Datasets

    /// Writes a dataset's bytes under their digest, which it returns.
    public func write(dataset: Data) throws -> String {
        let digest = ContentDigest.sha256(dataset)
        let file = datasetFile(digest)
        if FileManager.default.fileExists(atPath: file.path) {
            // The process that wrote it may have been killed before its name was on disk.
            try AtomicFile.sync(data)
        } else {
            try AtomicFile.write(dataset, to: file)
        }
        return digest
    }

    /// A dataset's bytes, checked against its name.
    public func read(dataset digest: String) throws -> Data {
        let file = datasetFile(digest)
        try require(file, "the dataset's file is gone", hint: "restore it from a backup")
        let bytes = try Data(contentsOf: file)
        let found = ContentDigest.sha256(bytes)
        guard found == digest else {
            throw SelfImproveError(
                .damaged,
                "its bytes are not what its name says: their digest is \(found)",
                context: file.path,
                hint: "the file was changed or the disk is failing; restore it from a backup"
            )
        }
        return bytes
    }
}
