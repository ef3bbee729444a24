import GRDB

/// The best and the worst sample of a prompt, as the judges ranked them: one row of DPO.
public struct PairRecord: LineageRecord, Equatable {
    public static let databaseTableName = "pairs"

    public var campaign: String
    public var round: Int
    public var position: Int
    public var chosenSample: Int
    public var rejectedSample: Int
    /// Copeland scores: wins plus half of the ties, summed over judges.
    public var chosenScore: Double
    public var rejectedScore: Double

    public var margin: Double { chosenScore - rejectedScore }
}
