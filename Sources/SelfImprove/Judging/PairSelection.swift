import LocalLM

/// Which pairs of a prompt's samples the judges are asked about.
public enum PairSelection: Sendable, Hashable {
    /// Every pair.
    case all
    /// At most so many, chosen by seed: each sample meets equally many others, give or take one, and where there is
    /// one pair less than samples or more, all samples are connected.
    case budget(Int)

    /// The pairs of `count` samples, by index, in ascending order; `first` is the lower one.
    ///
    /// A budget takes the first pairs of a schedule of all, between samples that are shuffled: each pair is as likely
    /// as any other.
    func pairs(of count: Int, key: UInt64) -> [(first: Int, second: Int)] {
        guard count > 1 else { return [] }
        var chosen = (0..<count).flatMap { first in ((first + 1)..<count).map { (first: first, second: $0) } }
        guard case .budget(let budget) = self, budget < chosen.count else { return chosen }
        var places = Array(0..<count)
        var random = RandomStream(key: key)
        random.shuffle(&places)
        let schedule = count.isMultiple(of: 2) ? Self.rounds(of: count) : Self.cycles(of: count)
        chosen = schedule.prefix(max(budget, 0)).map { pair in
            let a = places[pair.0], b = places[pair.1]
            return (min(a, b), max(a, b))
        }
        return chosen.sorted { ($0.first, $0.second) < ($1.first, $1.second) }
    }

    /// How many pairs there are of `count` samples.
    func count(of count: Int) -> Int {
        let all = count * (count - 1) / 2
        return if case .budget(let budget) = self { min(max(budget, 0), all) } else { all }
    }

    /// An even number of players in rounds in which each plays once (the circle method of tournaments): one stays where
    /// it is, the others move around. Two consecutive rounds are one cycle through all.
    private static func rounds(of count: Int) -> [(Int, Int)] {
        let others = count - 1
        return (0..<others).flatMap { round in
            (0..<count / 2).map { k in
                k == 0 ? (round, others) : ((round + k) % others, (round - k + others) % others)
            }
        }
    }

    /// An odd number of players in cycles through all of them (Walecki's): of each every second pair first, so that
    /// nobody plays a second time before all but one have played.
    private static func cycles(of count: Int) -> [(Int, Int)] {
        let others = count - 1
        return (0..<others / 2).flatMap { cycle in
            // A zigzag over the others, closed over the last player.
            let zigzag = (0..<others).map { step in
                (cycle + (step.isMultiple(of: 2) ? others - step / 2 : (step + 1) / 2)) % others
            }
            let tour = zigzag + [others]
            let steps = Array(stride(from: 0, to: count, by: 2)) + Array(stride(from: 1, to: count, by: 2))
            return steps.map { (tour[$0], tour[($0 + 1) % count]) }
        }
    }
}

extension PairSelection: Codable {
    private static let allName = "all"

    /// `all`, or a number of pairs.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let budget = try? value.decode(Int.self) {
            self = .budget(budget)
        } else if try value.decode(String.self) == Self.allName {
            self = .all
        } else {
            throw DecodingError.dataCorruptedError(in: value, debugDescription: "all, or a number of pairs")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .all: try value.encode(Self.allName)
        case .budget(let budget): try value.encode(budget)
        }
    }
}
