import Foundation
import GRDB

/// Changing when a campaign stops, also while it runs: it looks again between rounds.
extension Lineage {
    /// - Parameter changes: by key; `off` removes a criterion.
    /// - Throws: `.input` with everything that is wrong; nothing is changed then.
    public func changeCriteria(_ name: String, _ changes: [(key: String, value: String)], at: Date) throws -> StopCriteria {
        var criteria = try campaign(name).criteria
        var faults: [String] = []
        for (key, value) in changes {
            do { try criteria.set(key, value) } catch let error as SelfImproveError { faults.append(error.description) }
        }
        guard faults.isEmpty else { throw SelfImproveError(.input, faults.joined(separator: "\n")) }
        guard criteria != StopCriteria() else {
            throw SelfImproveError(.input, "no criterion would be left: the campaign would never end", context: name, hint: "keep at least one")
        }
        try write { db in
            guard var record = try CampaignRecord.filter(Column("name") == name).fetchOne(db) else { return }
            record.criteria = criteria
            try record.update(db)
            let words = changes.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
            try EventRecord(campaign: name, kind: .criteriaChanged, message: words, data: JSONText(criteria), at: at).insert(db)
        }
        return criteria
    }
}

extension StopCriteria {
    public static let keys = ["rounds", "target_score", "patience", "wall_clock", "tokens", "deadline", "disk"]

    /// Every criterion as its key and value in words.
    public var words: [(key: String, value: String)] {
        [
            ("rounds", rounds.map(String.init) ?? "off"), ("target_score", targetScore.map { "\($0)" } ?? "off"),
            ("patience", patience.map(String.init) ?? "off"), ("wall_clock", wallClockSeconds.map { "\(Int($0))s" } ?? "off"),
            ("tokens", tokens.map(String.init) ?? "off"), ("deadline", deadline.map { "\($0)" } ?? "off"),
            ("disk", diskBytes.map(ByteCount.words) ?? "off"),
        ]
    }

    /// - Throws: `.input` for a key that is none, or a value that does not fit it.
    public mutating func set(_ key: String, _ value: String) throws {
        let isOff = value == "off"
        func whole() throws -> Int? {
            if isOff { return nil }
            guard let number = Int(value), number >= 1 else { throw Self.wrong(key, value, "a whole number from 1, or off") }
            return number
        }
        switch key {
        case "rounds": rounds = try whole()
        case "patience": patience = try whole()
        case "tokens": tokens = try whole()
        case "target_score":
            guard isOff || Double(value).map({ $0 > 0 && $0 <= 1 }) == true else { throw Self.wrong(key, value, "above 0, at most 1, or off") }
            targetScore = Double(value)
        case "wall_clock":
            guard isOff || Duration.seconds(value) != nil else { throw Self.wrong(key, value, "a time such as 90s, 30m, 6h or 2d, or off") }
            wallClockSeconds = isOff ? nil : Duration.seconds(value)
        case "deadline":
            guard isOff || Moment(value) != nil else { throw Self.wrong(key, value, "a moment such as 2026-12-01T08:00:00Z, or off") }
            deadline = Moment(value)
        case "disk":
            guard isOff || ByteCount.bytes(value) != nil else { throw Self.wrong(key, value, "a size such as 500MB or 20GB, or off") }
            diskBytes = ByteCount.bytes(value)
        default: throw SelfImproveError(.input, "there is no criterion \"\(key)\"", hint: "there are: \(Self.keys.joined(separator: ", "))")
        }
    }

    private static func wrong(_ key: String, _ value: String, _ wanted: String) -> SelfImproveError {
        SelfImproveError(.input, "\(key) cannot be \"\(value)\"", hint: "it must be \(wanted)")
    }
}
