import Foundation
import LocalLM
import ModelFiles

/// Rows to fine-tune on, each with the prompt it came from: nothing trains that has no drafts behind it.
struct TrainingSet: Sendable {
    /// Where a row comes from: through the prompt, its drafts.
    struct Origin: Sendable, Equatable {
        var round: Int
        var position: Int
        var chosenSample: Int?
        var rejectedSample: Int?
    }

    struct Supervised: Sendable {
        var row: SFTRow
        /// Expected number of appearances in one pass.
        var weight: Double
        var origin: Origin
    }

    struct Preference: Sendable {
        var row: PreferenceRow
        var origin: Origin
    }

    static func records(_ origins: [Origin], dataset: String, campaign: String) -> [DatasetRowRecord] {
        origins.enumerated().map { index, origin in
            DatasetRowRecord(
                dataset: dataset,
                row: index,
                campaign: campaign,
                round: origin.round,
                position: origin.position,
                chosenSample: origin.chosenSample,
                rejectedSample: origin.rejectedSample
            )
        }
    }
}

/// Which rows stand in which batch, decided before training starts.
enum TrainingPlan {
    /// Passes over weighted rows until `epochs` or `tokens` are used up: a row of weight 1.3 stands once or twice in a pass, 1.3
    /// times on average. Within a pass batches are of rows of like length, and about `batchTokens` long.
    static func batches(
        lengths: [Int],
        weights: [Double],
        batchTokens: Int,
        epochs: Double?,
        tokens: Int?,
        seed: UInt64
    ) -> [[Int]] {
        precondition(
            lengths.count == weights.count && (epochs == nil) != (tokens == nil),
            "either epochs or tokens rule"
        )
        let expected = zip(lengths, weights).reduce(0.0) { $0 + Double($1.0) * $1.1 }
        guard expected > 0 else { return [] }
        let budget = tokens.map(Double.init) ?? expected * epochs!
        var plan: [[Int]] = []
        var used = 0.0
        var pass: UInt64 = 0
        while used < budget {
            let key = RandomKey.derive(seed, pass)
            var random = RandomStream(key: RandomKey.derive(key, "weights"))
            var rows: [Int] = []
            for (row, weight) in weights.enumerated() {
                let whole = weight.rounded(.down)
                let times = Int(whole) + (random.uniform() < weight - whole ? 1 : 0)
                rows += [Int](repeating: row, count: times)
            }
            pass += 1
            if rows.isEmpty { continue }
            for batch in BatchPlan.byTokens(lengths: rows.map { lengths[$0] }, tokensPerBatch: batchTokens, seed: key) {
                if used >= budget { break }
                plan.append(batch.map { rows[$0] })
                used += Double(batch.reduce(0) { $0 + lengths[rows[$1]] })
            }
        }
        return plan
    }
}
