/// A regular expression whose search takes steps in proportion to its own length times that of the text, whatever the
/// two are: all alternatives advance together, character by character (Thompson 1968; the machine with captures is
/// Pike's, after Cox, "Regular Expression Matching: the Virtual Machine Approach", 2009).
///
/// Texts are written by models and patterns by people, so an engine that tries one alternative after the other, as
/// Foundation's and Swift's own do, could be kept busy for years. The price is the syntax: there are no back references
/// and no lookaround, which no such machine has. Matches are leftmost, and the first alternative wins, as in Perl.
struct LinearPattern: Sendable {
    /// Why a text is no pattern.
    struct Fault: Error, Equatable, CustomStringConvertible {
        var message: String
        /// From 1, in characters.
        var position: Int

        var description: String { "\(message) at character \(position)" }
    }

    /// For people whose pattern is not valid.
    static let syntax = "classes, groups, alternatives and repetitions as in Python; no back references, no lookaround"

    enum Instruction: Sendable {
        /// Takes a scalar of a set.
        case take(ScalarSet)
        /// Goes on at both places; what the first one finds is preferred.
        case fork(Int, Int)
        case jump(Int)
        /// Notes the position.
        case note(Int)
        case require(Place)
        case accept
    }

    /// What takes no scalar.
    enum Place: Sendable {
        case textStart, lineStart, lineEnd, wordEdge, noWordEdge
        /// A newline may end the text.
        case textEnd
        case veryEnd
    }

    let program: [Instruction]
    /// Of captures, two a group; the first two are the whole match.
    let notes: Int
    let ignoresCase: Bool

    /// - Throws: `Fault`, also for what is valid elsewhere and cannot be matched in linear time.
    init(_ text: String) throws(Fault) {
        var parser = LinearPatternParser(text)
        let (node, groups, ignoresCase) = try parser.parse()
        var compiler = LinearPatternCompiler()
        try compiler.emit(.group(node, 0))
        program = compiler.program + [.accept]
        notes = 2 * (groups + 1)
        self.ignoresCase = ignoresCase
    }

    /// What the last match in a text captured: its first group that took part, or all of it where it has no group.
    /// - Returns: nil where nothing matches, and for a text that takes more steps than there are.
    func lastCapture(in scalars: [Unicode.Scalar]) -> String? {
        var machine = LinearPatternMachine(self, scalars)
        var last: [Int]?, start = 0
        while start <= scalars.count, let match = machine.match(from: start) {
            last = match
            start = match[1] > match[0] ? match[1] : match[1] + 1
        }
        guard let last, !machine.isExhausted else { return nil }
        let groups = stride(from: 2, to: notes, by: 2).first { last[$0] >= 0 && last[$0 + 1] >= 0 }
        guard let group = notes == 2 ? 0 : groups else { return nil }
        var captured = String.UnicodeScalarView()
        captured.append(contentsOf: scalars[last[group]..<last[group + 1]])
        return String(captured)
    }
}

/// A set of Unicode scalars: ranges and classes, or all but those.
struct ScalarSet: Sendable {
    enum Class: Sendable {
        case digit, word, space, notDigit, notWord, notSpace

        func contains(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .digit: ("0"..."9").contains(scalar)
            case .word: scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType == .decimal
            case .space: scalar.properties.isWhitespace
            case .notDigit: !Class.digit.contains(scalar)
            case .notWord: !Class.word.contains(scalar)
            case .notSpace: !Class.space.contains(scalar)
            }
        }
    }

    var ranges: [ClosedRange<Unicode.Scalar>] = []
    var classes: [Class] = []
    var isNegated = false

    static let all = ScalarSet(isNegated: true)
    static let allButNewline = ScalarSet(ranges: ["\n"..."\n"], isNegated: true)

    func contains(_ scalar: Unicode.Scalar, ignoringCase: Bool) -> Bool {
        var found = holds(scalar)
        if !found, ignoringCase, let other = scalar.otherCase { found = holds(other) }
        return found != isNegated
    }

    private func holds(_ scalar: Unicode.Scalar) -> Bool {
        ranges.contains { $0.contains(scalar) } || classes.contains { $0.contains(scalar) }
    }
}

extension Unicode.Scalar {
    /// The same letter in the other case; nil where there is none, or none of one scalar.
    var otherCase: Unicode.Scalar? {
        for mapping in [properties.lowercaseMapping, properties.uppercaseMapping] {
            let scalars = mapping.unicodeScalars
            if scalars.count == 1, let first = scalars.first, first != self { return first }
        }
        return nil
    }
}
