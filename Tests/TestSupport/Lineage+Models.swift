import Foundation
import LocalLM

@testable import SelfImprove

extension Lineage {
    /// Brings a model in, as from a nursery.
    /// - Returns: its digest.
    public func enter(_ checkpoint: Checkpoint) throws -> String {
        let digest = try files.store(checkpoint)
        let model = ModelRecord(
            digest: digest,
            kind: .nursery,
            settings: try JSONText(["test": true]),
            seed: 1,
            createdAt: Date(timeIntervalSince1970: 0)
        )
        try write { try model.insert($0) }
        return digest
    }
}
