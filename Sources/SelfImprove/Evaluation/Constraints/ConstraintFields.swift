import ModelFiles

/// Reads the parameters of one constraint, and knows afterwards which nobody asked for. Null counts as absent: tables
/// of IFEval's rows have every parameter in every row.
struct ConstraintFields {
    private let object: JSONValue
    private let id: String
    private let context: String?
    private var asked: Set<String> = []

    init(_ object: JSONValue, id: String, context: String?) {
        self.object = object
        self.id = id
        self.context = context
    }

    private func fault(_ message: String) -> SelfImproveError {
        SelfImproveError(.input, "\(id): \(message)", context: context)
    }

    func requireObject() throws {
        guard object.isNull || object.members != nil else {
            throw fault("its kwargs are \(object.kind), not an object")
        }
    }

    func requireNoOthers() throws {
        for member in object.members ?? [] where !member.value.isNull && !asked.contains(member.key) {
            throw fault("it has no parameter \(member.key)")
        }
    }

    private mutating func value(_ key: String) throws -> JSONValue {
        asked.insert(key)
        guard let value = object[key] else { throw fault("\(key) is missing") }
        return value
    }

    /// A text that is not empty.
    mutating func text(_ key: String, isStripped: Bool = false) throws -> String {
        let value = try value(key)
        guard let text = value.string else { throw fault("\(key) is \(value.kind), not a string") }
        let scalars = Scalars(text), kept = isStripped ? scalars.stripped() : scalars
        guard !kept.isEmpty else { throw fault("\(key) is empty") }
        return kept.text
    }

    /// At least one text, none of them empty.
    mutating func texts(_ key: String) throws -> [String] {
        let value = try value(key)
        guard let texts = value.array else { throw fault("\(key) is \(value.kind), not an array") }
        guard !texts.isEmpty else { throw fault("\(key) is empty") }
        return try texts.map {
            guard let text = $0.string else { throw fault("\(key) holds \($0.kind), not a string") }
            guard !text.isEmpty else { throw fault("\(key) holds an empty string") }
            return text
        }
    }

    /// A whole number from 1. `300.0` is one: tables with gaps make floats of whole numbers.
    mutating func count(_ key: String, atMost most: Int = 1_000_000_000) throws -> Int {
        let value = try value(key)
        guard let number = value.integer ?? value.real.flatMap(Int.init(exactly:)) else {
            throw fault("\(key) is \(value.kind), not a whole number")
        }
        guard (1...most).contains(number) else { throw fault("\(key) is \(number); it must be from 1 to \(most)") }
        return number
    }

    mutating func bound(_ countKey: String, _ relationKey: String) throws -> Constraint.Bound {
        let count = try count(countKey), text = try text(relationKey)
        guard let relation = Constraint.Bound.Relation(rawValue: text) else {
            let known = Constraint.Bound.Relation.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or ")
            throw fault("\(relationKey) is '\(text)'; it must be \(known)")
        }
        return Constraint.Bound(relation, count)
    }

    /// One code point, in lower case.
    ///
    /// Deviation: what is not from A to Z is counted as well, "!" for example, as a few rows of IFEval ask; the
    /// original counts a letter drawn by chance there.
    mutating func letter(_ key: String) throws -> Unicode.Scalar {
        let text = try text(key), lower = Scalars(text).lowered()
        guard text.unicodeScalars.count == 1, lower.count == 1, let letter = lower.first else {
            throw fault("\(key) is '\(text.prefix(40))'; it must be one character")
        }
        return letter
    }

    mutating func language(_ key: String) throws -> String {
        let code = try text(key)
        guard LanguageGuess.languages.contains(code) else {
            let known = LanguageGuess.languages.sorted().joined(separator: ", ")
            throw fault("\(key) is '\(code.prefix(40))'; known are \(known)")
        }
        return code
    }
}
