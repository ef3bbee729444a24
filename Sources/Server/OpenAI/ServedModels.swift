import Foundation
import LocalLM
import SelfImprove

/// The models that can be asked, loaded at the first request for them. At most a few stay in memory.
///
/// Sequences wait in a bounded queue. A request that does not fit is refused at once.
public actor ServedModels {
    /// Sequences that are answered or wait, over all models.
    static let maximumSequences = 256
    private static let capacity = 2

    public enum Source: Sendable {
        /// One model, and how its weights are held; nil: as they came.
        case single(id: String, Checkpoint, weights: WeightFormat? = nil)
        /// Every model of the lineage, by digest or alias. They give way to campaigns.
        case lineage(Lineage)
    }

    nonisolated let source: Source
    private let threads: Int
    private var loaded: [(digest: String, model: ServedModel)] = []
    /// The model that is loaded at this moment: one at a time, for all who ask.
    private var loading: (digest: String, task: Task<ServedModel, any Error>)?
    private var sequences = 0

    /// - Throws: where the single model's weights cannot be read.
    public init(_ source: Source, threads: Int) throws {
        self.source = source
        self.threads = threads
        if case .single(let id, let checkpoint, let weights) = source {
            let model = try ServedModel(
                id: id,
                checkpoint: checkpoint,
                weights: weights,
                threads: threads,
                isBackground: false
            )
            loaded = [("", model)]
        }
    }

    // MARK: Models

    private static func entry(_ id: String, _ checkpoint: Checkpoint) -> Entry {
        Entry(
            id: id,
            created: Date(timeIntervalSince1970: 0),
            positions: checkpoint.configuration.maximumPositions
        )
    }

    /// - Throws: `.notFound` for the name of no model; `.damaged` for files that do not match their digest.
    func model(_ name: String) async throws -> ServedModel {
        switch source {
        case .lineage(let lineage):
            let digest = try await BlockingWork.run { try lineage.resolveWithinLineage(name).digest }
            return try await model(digest, id: name, of: lineage)
        case .single:
            let model = loaded[0].model
            guard name == model.id else {
                throw SelfImproveError(
                    .notFound,
                    "there is no model of this name",
                    context: String(name.prefix(80)),
                    hint: "there is \(model.id)"
                )
            }
            return model
        }
    }

    private func model(_ digest: String, id: String, of lineage: Lineage) async throws -> ServedModel {
        while true {
            if let index = loaded.firstIndex(where: { $0.digest == digest }) {
                let known = loaded.remove(at: index)
                loaded.append(known)
                return known.model
            }
            guard let loading else { break }
            if loading.digest == digest { return try await loading.task.value }
            _ = await loading.task.result
        }
        let task = Task { try await load(digest, id: id, of: lineage) }
        loading = (digest, task)
        return try await task.value
    }

    /// Reading, hashing and packing take seconds, on a thread of their own: meanwhile the actor answers.
    private func load(_ digest: String, id: String, of lineage: Lineage) async throws -> ServedModel {
        defer { loading = nil }
        let threads = threads
        let model = try await Computation.run("load") { _ in
            try ServedModel(
                id: id,
                checkpoint: try lineage.files.load(model: digest),
                threads: threads,
                isBackground: true
            )
        }
        loaded.append((digest, model))
        if loaded.count > Self.capacity { loaded.removeFirst() }
        return model
    }

    /// What is told of a model without loading it.
    struct Entry: Sendable {
        var id: String
        var created: Date
        /// Tokens that it reads and writes at most; nil where that takes reading its files.
        var positions: Int?
    }

    nonisolated func list() async throws -> [Entry] {
        switch source {
        case .single(let id, let checkpoint, _): return [Self.entry(id, checkpoint)]
        case .lineage(let lineage):
            return try await BlockingWork.run {
                let champions = try lineage.campaigns().filter { $0.champion != nil }
                return champions.map { Entry(id: "\($0.name)/champion", created: $0.createdAt) }
                    + (try lineage.models().map { Entry(id: $0.digest, created: $0.createdAt) })
            }
        }
    }

    /// One model by its name, whether or not the list has it under this one.
    /// - Throws: `.notFound`
    func entry(_ name: String) async throws -> Entry {
        switch source {
        case .lineage(let lineage):
            return try await BlockingWork.run {
                Entry(id: name, created: try lineage.resolveWithinLineage(name).createdAt)
            }
        case .single(_, let checkpoint, _): return Self.entry(try await model(name).id, checkpoint)
        }
    }

    // MARK: Queue

    /// Takes places in the queue.
    /// - Throws: `.busy` (429) where there are too few.
    func reserve(_ count: Int) throws {
        guard sequences + count <= Self.maximumSequences else {
            throw SelfImproveError(
                .busy,
                "\(sequences) answers are being generated",
                hint: "try again in a moment",
                retryable: true
            )
        }
        sequences += count
    }

    func free(_ count: Int) { sequences -= count }
}
