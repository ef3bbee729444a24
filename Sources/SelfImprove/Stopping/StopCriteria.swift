import ModelFiles

/// When a campaign ends: at the first that holds, looked at between rounds. A criterion without a limit is off.
///
/// As JSON, in the database and on the wire, an object of limits by key, as the YAML file has them:
/// `{"rounds":3,"wall_clock":"6h"}`.
public struct StopCriteria: Sendable, Equatable {
    /// By key, in the canonical text of the criterion's unit.
    private var limits: [String: String] = [:]

    public init() {}

    /// - Throws: `.input` for the first that is unknown or does not fit.
    public init(_ limits: KeyValuePairs<String, String>) throws {
        for (key, text) in limits { try set(key, text) }
    }

    /// - Parameter read: the canonical text of a criterion's limit, or nil.
    init(read: (StopCriterion) -> String?) {
        for criterion in StopCriterion.all { limits[criterion.key] = read(criterion) }
    }

    public static var keys: [String] { StopCriterion.all.map(\.key) }

    public var isEmpty: Bool { limits.isEmpty }

    /// The limit of a criterion, as it is written; nil where it is off.
    public subscript(_ key: String) -> String? { limits[key] }

    /// Every criterion as its key and limit in words.
    public var words: [(key: String, value: String)] { Self.keys.map { ($0, limits[$0] ?? "off") } }

    /// The criteria that have a limit, in the order in which they are looked at.
    var active: [(criterion: StopCriterion, limit: String)] {
        StopCriterion.all.compactMap { criterion in limits[criterion.key].map { (criterion, $0) } }
    }

    /// The limit of `rounds`, which the option `--rounds` sets.
    public var rounds: Int? {
        get { limits["rounds"].flatMap(StopUnit.count.read) }
        set { limits["rounds"] = newValue.map(StopUnit.count.words) }
    }

    /// - Parameter text: as in the YAML file; `off` removes the limit.
    /// - Throws: `.input` for a key that is unknown, or a limit that does not fit it.
    public mutating func set(_ key: String, _ text: String) throws {
        guard let criterion = StopCriterion.named(key) else {
            throw SelfImproveError(
                .input,
                "there is no criterion \"\(key)\"",
                hint: "there are: \(Self.keys.joined(separator: ", "))"
            )
        }
        guard text != "off" else { return limits[key] = nil }
        guard let canonical = criterion.canonical(text) else {
            throw SelfImproveError(
                .input,
                "\(key) cannot be \"\(text)\"",
                hint: "it must be \(criterion.wanted), or off"
            )
        }
        limits[key] = canonical
    }

    /// The first criterion that holds, in words; nil: go on.
    /// - Throws: what measuring the situation throws.
    public func reason(_ situation: StopSituation) throws -> String? {
        for (criterion, limit) in active {
            if let reason = try criterion.reason(limit, situation) { return reason }
        }
        // No round can begin without prompts, whatever the limits are.
        return try situation.promptsLeft(1) == 0 ? "prompts used up: rounds have drawn all that there are" : nil
    }
}

// MARK: JSON

extension StopCriteria: Codable {
    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Rows that version 0.1.0 wrote have other keys, and in `figures` an object of bounds.
    private static let earlierKeys = ["targetScore": "target_score", "wallClockSeconds": "wall_clock"]

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        for key in container.allKeys {
            switch key.stringValue {
            case "figures":
                for (figure, bound) in try container.decode([String: String].self, forKey: key) {
                    try decode(figure, bound, key, container)
                }
            case "diskBytes": try decode("disk", "\(container.decode(Int.self, forKey: key))B", key, container)
            case let name: try decode(Self.earlierKeys[name] ?? name, Self.text(key, container), key, container)
            }
        }
    }

    private mutating func decode(_ name: String, _ text: String, _ key: Key, _ container: KeyedDecodingContainer<Key>)
        throws
    {
        do { try set(name, text) } catch let error as SelfImproveError {
            throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: error.message)
        }
    }

    /// A number or a string, as a YAML file would have it.
    private static func text(_ key: Key, _ container: KeyedDecodingContainer<Key>) throws -> String {
        switch try container.decode(JSONValue.self, forKey: key) {
        case .number(let text): text
        case .string(let value): value
        default:
            throw DecodingError.dataCorruptedError(
                forKey: key,
                in: container,
                debugDescription: "neither a number nor a string"
            )
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for (key, text) in limits {
            let key = Key(stringValue: key)
            if let whole = Int(text) {
                try container.encode(whole, forKey: key)
            } else if let number = Double(text) {
                try container.encode(number, forKey: key)
            } else {
                try container.encode(text, forKey: key)
            }
        }
    }
}
