import Foundation
import ModelFiles

/// What an answer says, whatever stands around it: the one place where votes, agreement, filters, row weights and
/// evaluation learn whether two texts say the same.
///
/// A text of which nothing can be extracted is unparsable: it says nothing, and agrees with nothing. Every extraction
/// ends in bounded time, for texts are written by models.
public struct AnswerExtraction: Sendable {
    /// What a text says.
    public struct Statement: Sendable, Equatable {
        /// As a text to train on: the number, choice, JSON or capture alone.
        public var text: String
        /// Equal for texts that say the same.
        public var key: String
    }

    /// The texts themselves are compared.
    public static let whole = AnswerExtraction()

    /// Longer texts are looked at from the end, where answers stand; JSON from the beginning.
    static let mostScalars = 1 << 15

    public let rule: AnswerRule
    private let pattern: LinearPattern?

    private init() {
        rule = AnswerRule()
        pattern = nil
    }

    /// - Throws: `LinearPattern.Fault` for a pattern that is not valid.
    init(_ rule: AnswerRule) throws(LinearPattern.Fault) {
        self.rule = rule
        pattern = rule.extract == .regex ? try LinearPattern(rule.pattern ?? "") : nil
    }

    /// What a text says; nil where it is unparsable. Whole texts that are compared as they are never are.
    public func statement(of text: String) -> Statement? {
        switch rule.extract {
        case .whole: rule.isWhole ? Statement(text: text, key: text) : normalised(text)
        case .lastNumber: DecimalText.last(in: scalars(of: text)).map { Statement(text: $0, key: $0) }
        case .choice: ChoiceText.last(of: rule.choices, in: scalars(of: text)).map { Statement(text: $0, key: $0) }
        case .json: json(text)
        case .regex: pattern?.lastCapture(in: scalars(of: text)).flatMap(normalised)
        }
    }

    /// What a gold answer says. A pattern finds the answer in what models write around it; a gold answer without all
    /// that is the answer itself.
    public func statement(ofGold text: String) -> Statement? {
        statement(of: text) ?? (rule.extract == .regex ? normalised(text) : nil)
    }

    /// Whether two texts say the same.
    public func agree(_ a: String, _ b: String) -> Bool {
        if rule.isWhole { return a == b }
        guard let first = statement(of: a), let second = statement(of: b) else { return false }
        return first.key == second.key
    }

    // MARK: Kinds

    private func scalars(of text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars.suffix(Self.mostScalars)) }

    private func normalised(_ text: String) -> Statement? {
        let key = key(text)
        return key.isEmpty ? nil : Statement(text: text.trimmingCharacters(in: .whitespacesAndNewlines), key: key)
    }

    private func key(_ text: String) -> String {
        var text = text
        if rule.normalise.contains(.letterCase) { text = text.lowercased() }
        if rule.normalise.contains(.punctuation) { text.unicodeScalars.removeAll(where: \.isPunctuation) }
        if rule.normalise.contains(.spaces) { text = text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        return rule.extract == .regex ? text.trimmingCharacters(in: .whitespacesAndNewlines) : text
    }

    private func json(_ text: String) -> Statement? {
        let bytes = Array(text.utf8.prefix(Self.mostScalars))
        guard let value = JSONParser.firstContainer(in: bytes)?.canonical() else { return nil }
        return Statement(text: value.text(), key: value.mapStrings(key).text())
    }
}

extension Unicode.Scalar {
    fileprivate var isPunctuation: Bool {
        switch properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            true
        default: false
        }
    }
}

extension JSONValue {
    /// Keys in the order of their bytes, and numbers as decimal text.
    fileprivate func canonical() -> JSONValue {
        switch self {
        case .number(let text): .number(DecimalText.canonical(text))
        case .array(let values): .array(values.map { $0.canonical() })
        case .object(let members): JSONValue.object(members.map { .init($0.key, $0.value.canonical()) }).sortedByKey()
        default: self
        }
    }

    fileprivate func mapStrings(_ change: (String) -> String) -> JSONValue {
        switch self {
        case .string(let text): .string(change(text))
        case .array(let values): .array(values.map { $0.mapStrings(change) })
        case .object(let members): .object(members.map { .init($0.key, $0.value.mapStrings(change)) })
        default: self
        }
    }
}
