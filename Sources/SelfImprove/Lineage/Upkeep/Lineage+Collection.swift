import Foundation
import GRDB
import ModelFiles

/// Freeing models that nobody will go back to. Their rows stay: the lineage still says what they were, only their
/// weights are gone.
extension Lineage {
    public struct Collection: Sendable, Equatable, Encodable {
        public var campaign: String
        /// Digests of the models whose files were (or would be) removed.
        public var models: [String]
        /// Digests of the adapters that only these models came of.
        public var adapters: [String]
        public var bytes: Int
    }

    /// Models of a campaign that neither the lineage pins nor the rollback window holds.
    ///
    /// Pinned are the first model, champions of any campaign, models that other campaigns or a nursery share, and
    /// everything of a round that is under way. The window holds the champions after the latest `keeping` rounds, and
    /// the models of those rounds.
    public func collectable(_ name: String, keeping: Int) throws -> Collection {
        precondition(keeping >= 1, "a window of \(keeping) rounds")
        let campaigns = try campaigns()
        _ = try campaign(name)
        var kept = Set(campaigns.flatMap { [$0.champion, $0.initialModel].compactMap { $0 } })
        let rounds = try rounds(name), ended = rounds.filter { $0.outcome != nil }
        for round in rounds
        where round.outcome == nil || ended.suffix(keeping).contains(where: { $0.round == round.round }) {
            kept.formUnion([round.parent, round.sftModel, round.dpoModel, round.championAfter].compactMap { $0 })
        }
        for other in campaigns where other.name != name {
            for round in try self.rounds(other.name) {
                kept.formUnion([round.parent, round.sftModel, round.dpoModel, round.championAfter].compactMap { $0 })
            }
        }
        let free = try models(name).filter {
            $0.kind.stage != nil && !kept.contains($0.digest)
                && FileManager.default.fileExists(atPath: files.modelDirectory($0.digest).path)
        }
        let shared = Set(try models().filter { !free.contains($0) }.compactMap(\.adapter))
        let adapters = Set(free.compactMap(\.adapter)).subtracting(shared).sorted().filter {
            FileManager.default.fileExists(atPath: files.adapterDirectory($0).path)
        }
        let directories = free.map { files.modelDirectory($0.digest) } + adapters.map(files.adapterDirectory)
        return Collection(
            campaign: name,
            models: free.map(\.digest),
            adapters: adapters,
            bytes: try directories.reduce(0) { $0 + (try files.bytes(of: $1)) }
        )
    }

    /// Every model that a collection has freed.
    public func collectedModels() throws -> Set<String> {
        let lists = try read {
            try EventRecord.filter(Column("kind") == EventRecord.Kind.collected.rawValue).fetchAll($0)
        }.compactMap(\.data)
        return Set(try lists.flatMap { try $0.decode([String].self) })
    }

    /// Removes them, and says so in an event.
    public func collect(_ name: String, keeping: Int, at now: Date) throws -> Collection {
        let collection = try collectable(name, keeping: keeping)
        guard !collection.models.isEmpty else { return collection }
        // The event comes first: a crash in between leaves files that the next collection finds.
        try write { db in
            try EventRecord(
                campaign: name,
                kind: .collected,
                message: "\(collection.models.count) models freed, the latest \(keeping) rounds kept",
                data: JSONText(collection.models),
                at: now
            ).insert(db)
        }
        for digest in collection.models { try files.remove(files.modelDirectory(digest)) }
        for digest in collection.adapters { try files.remove(files.adapterDirectory(digest)) }
        return collection
    }
}

extension FileStore {
    func bytes(of directory: URL) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).reduce(0) { sum, name in
            let size =
                try FileManager.default.attributesOfItem(atPath: directory.appendingPathComponent(name).path)[.size]
                as? Int
            return sum + (size ?? 0)
        }
    }

    /// What the whole state directory takes. Files that go while it is looked at count as gone.
    public func bytes() throws -> Int {
        let keys: [URLResourceKey] = [.fileSizeKey, .isRegularFileKey]
        guard let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: keys) else { return 0 }
        return try walk.reduce(0) { sum, entry in
            guard let file = entry as? URL, FileManager.default.fileExists(atPath: file.path) else { return sum }
            let values = try file.resourceValues(forKeys: Set(keys))
            return sum + (values.isRegularFile == true ? values.fileSize ?? 0 : 0)
        }
    }

    /// Removes a model or an adapter; first under a name that is nobody's, so that it is there whole or not at all.
    func remove(_ directory: URL) throws {
        let parent = directory.deletingLastPathComponent()
        let hidden = parent.appendingPathComponent(
            ".\(directory.lastPathComponent).removed.tmp",
            isDirectory: true
        )
        if FileManager.default.fileExists(atPath: hidden.path) { try FileManager.default.removeItem(at: hidden) }
        try FileManager.default.moveItem(at: directory, to: hidden)
        try AtomicFile.sync(parent)
        try FileManager.default.removeItem(at: hidden)
    }
}
