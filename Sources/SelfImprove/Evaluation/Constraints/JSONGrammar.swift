/// Whether Python's `json.loads` reads a text: RFC 8259, and also NaN and Infinity, repeated keys and lone surrogates
/// as escapes. Takes linear time, and a bit of memory for each level of nesting.
///
/// Deviation: the original fails beyond about 1,000 levels; here they are JSON.
struct JSONGrammar {
    private let text: Scalars
    private var index: Int
    /// Of the containers around the place: whether they are objects.
    private var open: [Bool] = []

    /// Python converts no longer runs of digits to a whole number.
    private static let mostDigits = 4300

    static func holds(_ text: Scalars) -> Bool {
        var grammar = JSONGrammar(text: text, index: text.startIndex)
        return grammar.document()
    }

    private var current: Unicode.Scalar? { index < text.endIndex ? text[index] : nil }

    private mutating func document() -> Bool {
        while true {
            guard value() else { return false }
            // After a value: containers may end, and the next value is read, or the text ends.
            closing: while true {
                skipSpace()
                guard let isObject = open.last else { return current == nil }
                if take(",") {
                    guard !isObject || key() else { return false }
                    break closing
                }
                guard take(isObject ? "}" : "]") else { return false }
                open.removeLast()
            }
        }
    }

    /// A value, or the beginning of a container up to its first value.
    private mutating func value() -> Bool {
        while true {
            skipSpace()
            guard let scalar = current else { return false }
            switch scalar {
            case "{":
                index += 1
                skipSpace()
                if take("}") { return true }
                open.append(true)
                guard key() else { return false }
            case "[":
                index += 1
                skipSpace()
                if take("]") { return true }
                open.append(false)
            case "\"": return string()
            case "n": return take("null")
            case "t": return take("true")
            case "f": return take("false")
            case "N": return take("NaN")
            case "I": return take("Infinity")
            case "-": return take("-Infinity") || number()
            default: return number()
            }
        }
    }

    private mutating func key() -> Bool {
        skipSpace()
        guard string() else { return false }
        skipSpace()
        return take(":")
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while let scalar = current {
            index += 1
            if scalar == "\"" { return true }
            if scalar.value < 0x20 { return false }
            guard scalar == "\\" else { continue }
            guard let escape = current else { return false }
            index += 1
            switch escape {
            case "\"", "\\", "/", "b", "f", "n", "r", "t": continue
            case "u":
                for _ in 0..<4 {
                    guard let digit = current, digit.properties.isASCIIHexDigit else { return false }
                    index += 1
                }
            default: return false
            }
        }
        return false
    }

    private mutating func number() -> Bool {
        _ = take("-")
        let start = index
        if !take("0") { digits() }
        let whole = index - start
        guard whole > 0 else { return false }
        let isFraction = part(["."]), isExponent = part(["e", "E"], mayBeSigned: true)
        return isFraction || isExponent || whole <= Self.mostDigits
    }

    /// A fraction or an exponent. What is neither is left there, for whatever comes next to stumble over.
    private mutating func part(_ marks: [Unicode.Scalar], mayBeSigned: Bool = false) -> Bool {
        guard let mark = current, marks.contains(mark) else { return false }
        let place = index
        index += 1
        if mayBeSigned, current == "+" || current == "-" { index += 1 }
        let first = index
        digits()
        if index == first { index = place }
        return index > place
    }

    private mutating func digits() {
        while let scalar = current, ("0"..."9").contains(scalar) { index += 1 }
    }

    private mutating func skipSpace() {
        while let scalar = current, scalar == " " || scalar == "\n" || scalar == "\r" || scalar == "\t" { index += 1 }
    }

    private mutating func take(_ literal: String) -> Bool {
        guard text.has(literal.unicodeScalars, at: index) else { return false }
        index += literal.unicodeScalars.count
        return true
    }
}
