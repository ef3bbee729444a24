import Foundation
import LocalLM
import SelfImprove

/// The models that can be asked, loaded when they are first asked for. At most a few stay in memory.
///
/// Sequences wait in a bounded queue: what does not fit is refused at once, so that a client can go elsewhere.
public actor ServedModels {
    /// Sequences that are answered or wait, over all models.
    static let maximumSequences = 256
    private static let capacity = 2

    public enum Source: Sendable {
        /// One model.
        case single(id: String, Checkpoint)
        /// Every model of the lineage, by digest or alias. They give way to campaigns.
        case lineage(Lineage)
    }

    nonisolated let source: Source
    private let threads: Int
    private var loaded: [(digest: String, model: ServedModel)] = []
    private var sequences = 0

    public init(_ source: Source, threads: Int) {
        self.source = source
        self.threads = threads
        if case .single(let id, let checkpoint) = source {
            loaded = [("", ServedModel(id: id, checkpoint: checkpoint, threads: threads, isBackground: false))]
        }
    }

    /// - Throws: `.notFound` for a name that is no model's.
    func model(_ name: String) throws -> ServedModel {
        guard case .lineage(let lineage) = source else {
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
        let digest = try lineage.resolveWithinLineage(name).digest
        if let index = loaded.firstIndex(where: { $0.digest == digest }) {
            let known = loaded.remove(at: index)
            loaded.append(known)
            return known.model
        }
        let model = ServedModel(
            id: name,
            checkpoint: try lineage.files.load(model: digest),
            threads: threads,
            isBackground: true
        )
        loaded.append((digest, model))
        if loaded.count > Self.capacity { loaded.removeFirst() }
        return model
    }

    /// Names and times of what can be asked.
    func list() throws -> [(id: String, created: Date)] {
        switch source {
        case .single(let id, _): return [(id, Date(timeIntervalSince1970: 0))]
        case .lineage(let lineage):
            var list: [(String, Date)] = []
            for campaign in try lineage.campaigns() {
                if campaign.champion != nil { list.append(("\(campaign.name)/champion", campaign.createdAt)) }
            }
            return list + (try lineage.models().map { ($0.digest, $0.createdAt) })
        }
    }

    /// Takes places in the queue.
    /// - Throws: 429 where there are none.
    func reserve(_ count: Int) throws {
        guard sequences + count <= Self.maximumSequences else {
            throw SelfImproveError(
                .busy,
                "\(sequences) answers are under way",
                hint: "try again in a moment",
                retryable: true
            )
        }
        sequences += count
    }

    func free(_ count: Int) { sequences -= count }
}
