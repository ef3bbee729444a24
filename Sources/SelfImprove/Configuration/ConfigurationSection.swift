import Foundation
import Yams

/// One mapping of a YAML file, read key by key. What is wrong is collected and a usable value returned, so that reading
/// goes on; `finish` reports the keys that nobody asked for.
final class ConfigurationSection {
    let path: String
    let faults: FaultCollector
    /// Of the section itself.
    let line: Int?
    private var nodes: [String: Node] = [:]
    private var lines: [String: Int] = [:]
    private var asked: [String] = []
    /// It was to be a section and is something else, which was reported: nothing in it is missing.
    private let isWrong: Bool

    /// - Parameter node: nil where the section is absent: every key then has its default, or is missing.
    init(_ node: Node?, path: String, faults: FaultCollector) {
        self.path = path
        self.faults = faults
        line = node?.mark?.line
        guard let node, !Self.isNull(node) else {
            isWrong = false
            return
        }
        guard case .mapping(let mapping) = node else {
            isWrong = true
            faults.add(node.mark?.line, path, "is \(Self.kind(node)), not a section", hint: "indent its keys below it")
            return
        }
        isWrong = false
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                faults.add(key.mark?.line, path, "has a key that is no word")
                continue
            }
            nodes[name] = value
            lines[name] = key.mark?.line
        }
    }

    func has(_ key: String) -> Bool { nodes[key] != nil }

    /// The keys that there are, in the order of the file: for sections whose keys are names.
    var names: [String] { nodes.keys.sorted { (lines[$0] ?? 0, $0) < (lines[$1] ?? 0, $1) } }

    func line(of key: String) -> Int? { lines[key] ?? line }

    func fault(_ key: String, _ message: String, hint: String? = nil) {
        faults.add(line(of: key), full(key), message, hint: hint)
    }

    func section(_ key: String) -> ConfigurationSection {
        ConfigurationSection(node(key), path: full(key), faults: faults)
    }

    func isOff(_ key: String) -> Bool { node(key).map(Self.isNull) ?? true }

    /// Reports unknown keys. Call it last.
    func finish() {
        for name in nodes.keys.sorted() where !asked.contains(name) {
            let hint =
                EditDistance.nearest(to: name, among: asked).map { "did you mean \($0)?" }
                ?? "known here: \(asked.joined(separator: ", "))"
            faults.add(lines[name], full(name), "unknown key", hint: hint)
        }
    }

    // MARK: Values

    func string(_ key: String, default fallback: String? = nil) -> String {
        guard let node = node(key) else { return missing(key, fallback, "") }
        guard let text = node.scalar?.string, !text.isEmpty else { return wrong(key, node, "a word", fallback ?? "") }
        return text
    }

    func integer(_ key: String, default fallback: Int? = nil, in range: ClosedRange<Int>) -> Int {
        guard let node = node(key) else { return missing(key, fallback, range.lowerBound) }
        guard let text = plain(node)?.replacingOccurrences(of: "_", with: ""), let value = Int(text) else {
            let isTooLong = plain(node).map { !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } } ?? false
            return wrong(key, node, isTooLong ? "at most \(Int.max)" : "a whole number", fallback ?? range.lowerBound)
        }
        guard range.contains(value) else {
            fault(
                key,
                "is \(value)",
                hint: range.upperBound == .max
                    ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
            )
            return fallback ?? range.lowerBound
        }
        return value
    }

    /// A whole number, or `off`.
    func optionalInteger(_ key: String, in range: ClosedRange<Int>) -> Int? {
        isOff(key) ? nil : integer(key, in: range)
    }

    /// - Parameter range: as words for the reader, with the test that they stand for.
    func number(_ key: String, default fallback: Double? = nil, _ range: NumberRange) -> Double {
        guard let node = node(key) else { return missing(key, fallback, 0) }
        guard let text = plain(node), let value = Double(text.replacingOccurrences(of: "_", with: "")), value.isFinite
        else {
            return wrong(key, node, "a number", fallback ?? 0)
        }
        guard range.contains(value) else {
            fault(key, "is \(text)", hint: range.words)
            return fallback ?? 0
        }
        return value
    }

    /// Whether a key holds a certain word.
    func isWord(_ key: String, _ word: String) -> Bool { node(key)?.scalar?.string == word }

    func optionalNumber(_ key: String, _ range: NumberRange) -> Double? { isOff(key) ? nil : number(key, range) }

    func bool(_ key: String, default fallback: Bool) -> Bool {
        guard let node = node(key) else { return fallback }
        switch plain(node) {
        case "true": return true
        case "false": return false
        default: return wrong(key, node, "true or false", fallback)
        }
    }

    func choice<Value: RawRepresentable & CaseIterable>(_ key: String, default fallback: Value?) -> Value
    where Value.RawValue == String {
        let all = Value.allCases.map(\.rawValue).joined(separator: ", ")
        guard let node = node(key) else { return missing(key, fallback, Value.allCases.first!, hint: "one of \(all)") }
        guard let text = node.scalar?.string, let value = Value(rawValue: text) else {
            fault(key, "is \(node.scalar.map { "\"\($0.string)\"" } ?? Self.kind(node))", hint: "one of \(all)")
            return fallback ?? Value.allCases.first!
        }
        return value
    }

    /// What `read` makes of a word; `off` is nil.
    func optional<Value>(_ key: String, _ wanted: String, _ read: (String) -> Value?) -> Value? {
        guard let node = node(key), !Self.isNull(node) else { return nil }
        return node.scalar.flatMap { read($0.string) } ?? wrong(key, node, wanted, nil)
    }

    func strings(_ key: String, default fallback: [String]) -> [String] {
        guard let node = node(key) else { return fallback }
        guard case .sequence(let sequence) = node else { return wrong(key, node, "a list such as [a, b]", fallback) }
        return sequence.compactMap { item in
            guard let text = item.scalar?.string else {
                faults.add(item.mark?.line, full(key), "holds \(Self.kind(item))", hint: "a list of words")
                return nil
            }
            return text
        }
    }

    /// A list of words that are known.
    func choices<Value: RawRepresentable & CaseIterable>(_ key: String, default fallback: [Value]) -> [Value]
    where Value.RawValue == String {
        strings(key, default: fallback.map(\.rawValue)).compactMap { text in
            if let value = Value(rawValue: text) { return value }
            fault(key, "holds \"\(text)\"", hint: "any of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
            return nil
        }
    }

    /// An entry of a list that holds words and sections.
    enum Entry {
        case word(String)
        case section(ConfigurationSection)
    }

    /// A list of words and sections; nil where the key is absent.
    func entries(_ key: String) -> [Entry]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let sequence) = node else { return wrong(key, node, "a list such as [a, b]", nil) }
        return sequence.enumerated().compactMap { index, item in
            switch item {
            case .scalar(let scalar): return .word(scalar.string)
            case .mapping:
                return .section(ConfigurationSection(item, path: "\(full(key))[\(index + 1)]", faults: faults))
            default:
                faults.add(item.mark?.line, full(key), "holds \(Self.kind(item))", hint: "names and sections")
                return nil
            }
        }
    }

    /// A list of sections; nil where the key is absent.
    func sections(_ key: String) -> [ConfigurationSection]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let sequence) = node else {
            fault(key, "is \(Self.kind(node))", hint: "a list: every entry begins with a dash")
            return nil
        }
        return sequence.enumerated().map {
            ConfigurationSection($0.element, path: "\(full(key))[\($0.offset + 1)]", faults: faults)
        }
    }

    // MARK: Words

    private func node(_ key: String) -> Node? {
        if !asked.contains(key) { asked.append(key) }
        return nodes[key]
    }

    func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The text of a scalar that is not quoted: quoted numbers are words.
    private func plain(_ node: Node) -> String? {
        node.scalar.flatMap { $0.style == .plain || $0.style == .any ? $0.string : nil }
    }

    private func missing<Value>(_ key: String, _ fallback: Value?, _ placeholder: Value, hint: String? = nil) -> Value {
        if let fallback { return fallback }
        if isWrong { return placeholder }
        faults.add(line, full(key), "is missing", hint: hint ?? "it has no default")
        return placeholder
    }

    private func wrong<Value>(_ key: String, _ node: Node, _ wanted: String, _ fallback: Value) -> Value {
        fault(key, "is \(node.scalar.map { "\"\($0.string)\"" } ?? Self.kind(node))", hint: "it must be \(wanted)")
        return fallback
    }

    private static func isNull(_ node: Node) -> Bool {
        guard let scalar = node.scalar, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "off"].contains(scalar.string)
    }

    private static func kind(_ node: Node) -> String {
        switch node {
        case .mapping: "a section"
        case .sequence: "a list"
        default: "a word"
        }
    }
}

/// A range of numbers, in words and as a test.
struct NumberRange: Sendable {
    let words: String
    let contains: @Sendable (Double) -> Bool

    static let fromZero = NumberRange(words: "0 or more") { $0 >= 0 }
    static let aboveZero = NumberRange(words: "above 0") { $0 > 0 }
    static let zeroToOne = NumberRange(words: "0 to 1") { (0...1).contains($0) }
    static let insideOne = NumberRange(words: "above 0 and below 1") { $0 > 0 && $0 < 1 }
    static let fractionAboveZero = NumberRange(words: "above 0, at most 1") { $0 > 0 && $0 <= 1 }
    static let logprob = NumberRange(words: "a logprob: 0 or less") { $0 <= 0 }
    static func through(_ low: Double, _ high: Double) -> NumberRange {
        NumberRange(words: "\(low) to \(high)") { (low...high).contains($0) }
    }
}
