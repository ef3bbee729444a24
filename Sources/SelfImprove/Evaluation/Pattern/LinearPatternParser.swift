/// Reads the syntax that Perl, Python and ICU share, without what needs backtracking:
///
///     .  [a-z]  [^a-z]  \d \D \w \W \s \S  \n \t \r  \b \B  ^ $ \A \z  ( ) (?: ) (?<name> ) (?P<name> )  |
///     * + ? {2} {2,} {2,5}, and each of them lazy with a ? after it;  (?i) (?s) (?m) at the beginning
///
/// `\d` is 0 to 9; letters of `\w` are Unicode's.
struct LinearPatternParser {
    static let mostScalars = 1000
    static let mostGroups = 20
    static let mostRepetitions = 1000
    private static let deepest = 50

    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var groups = 0
    private var depth = 0
    private var ignoresCase = false
    private var dotTakesNewlines = false
    private var anchorsAtLines = false

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws(LinearPattern.Fault) -> (LinearPatternNode, groups: Int, ignoresCase: Bool) {
        guard scalars.count <= Self.mostScalars else {
            throw LinearPattern.Fault(message: "is longer than \(Self.mostScalars) characters,", position: 1)
        }
        try flags()
        let node = try alternatives()
        guard current == nil else { throw fault("a ) without its (") }
        return (node, groups, ignoresCase)
    }

    private var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private func fault(_ message: String) -> LinearPattern.Fault {
        LinearPattern.Fault(message: message, position: index + 1)
    }

    private mutating func take(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard scalars[index...].starts(with: wanted) else { return false }
        index += wanted.count
        return true
    }

    private mutating func flags() throws(LinearPattern.Fault) {
        let start = index
        guard take("(?"), let first = current, "ims".unicodeScalars.contains(first) else {
            index = start
            return
        }
        while let flag = current, flag != ")" {
            switch flag {
            case "i": ignoresCase = true
            case "s": dotTakesNewlines = true
            case "m": anchorsAtLines = true
            default: throw fault("the unknown flag \(flag); there are i, m and s,")
            }
            index += 1
        }
        guard take(")") else { throw fault("a ( that is never closed,") }
    }

    private mutating func alternatives() throws(LinearPattern.Fault) -> LinearPatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw fault("more than \(Self.deepest) groups within one another") }
        var nodes = [try sequence()]
        while take("|") { nodes.append(try sequence()) }
        return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
    }

    private mutating func sequence() throws(LinearPattern.Fault) -> LinearPatternNode {
        var nodes: [LinearPatternNode] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            let node = try atom()
            nodes.append(try repeated(node))
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    // MARK: Repetition

    private mutating func repeated(_ node: LinearPatternNode) throws(LinearPattern.Fault) -> LinearPatternNode {
        guard let (least, most) = try quantifier() else { return node }
        let isLazy = take("?")
        if take("+") {
            index -= 1
            throw fault("a possessive quantifier, which this engine does not have,")
        }
        let start = index
        if try quantifier() != nil {
            index = start
            throw fault("a quantifier after a quantifier")
        }
        return .repeated(node, least: least, most: most, isLazy: isLazy)
    }

    private mutating func quantifier() throws(LinearPattern.Fault) -> (least: Int, most: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        let start = index
        guard take("{"), let least = number() else {
            index = start  // a brace that counts nothing is a brace
            return nil
        }
        var most: Int? = least
        if take(",") { most = number() }
        guard take("}") else {
            index = start
            return nil
        }
        guard max(least, most ?? 0) <= Self.mostRepetitions else {
            throw fault("more than \(Self.mostRepetitions) repetitions, ending")
        }
        guard most.map({ $0 >= least }) ?? true else { throw fault("a repetition that ends before it begins, ending") }
        return (least, most)
    }

    /// Too large for an Int is too large for a repetition.
    private mutating func number() -> Int? {
        var value: Int?
        while let scalar = current, let digit = Int(String(scalar)), ("0"..."9").contains(scalar) {
            value = min((value ?? 0) * 10 + digit, Self.mostRepetitions + 1)
            index += 1
        }
        return value
    }

    // MARK: Atoms

    private mutating func atom() throws(LinearPattern.Fault) -> LinearPatternNode {
        if try quantifier() != nil { throw fault("a quantifier of nothing before it, ending") }
        if take("(") { return try group() }
        if take("[") { return .set(try set()) }
        if take("\\") { return try escape() }
        if take(".") { return .set(dotTakesNewlines ? .all : .allButNewline) }
        if take("^") { return .place(anchorsAtLines ? .lineStart : .textStart) }
        if take("$") { return .place(anchorsAtLines ? .lineEnd : .textEnd) }
        let scalar = scalars[index]
        index += 1
        return .set(ScalarSet(ranges: [scalar...scalar]))
    }

    private mutating func group() throws(LinearPattern.Fault) -> LinearPatternNode {
        var number: Int?
        for start in ["?=", "?!", "?<=", "?<!"] where take(start) {
            throw fault("a look ahead or behind, which this engine does not have; capture what is wanted in a group,")
        }
        if take("?P<") || take("?<") {
            while let scalar = current, ScalarSet.Class.word.contains(scalar) { index += 1 }
            guard take(">") else { throw fault("a name of a group without its >,") }
            number = try nextGroup()
        } else if take("?") {
            guard take(":") else { throw fault("an unknown kind of group; flags stand at the very beginning,") }
        } else {
            number = try nextGroup()
        }
        let inner = try alternatives()
        guard take(")") else { throw fault("a ( that is never closed,") }
        return number.map { .group(inner, $0) } ?? inner
    }

    private mutating func nextGroup() throws(LinearPattern.Fault) -> Int {
        groups += 1
        guard groups <= Self.mostGroups else {
            throw fault("more than \(Self.mostGroups) groups; (?: ) captures nothing,")
        }
        return groups
    }

    private mutating func escape() throws(LinearPattern.Fault) -> LinearPatternNode {
        guard let scalar = current else { throw fault("a backslash with nothing after it,") }
        if let known = Self.classes[scalar] {
            index += 1
            return .set(ScalarSet(classes: [known]))
        }
        if let place = Self.places[scalar] {
            index += 1
            return .place(place)
        }
        let one = try escapedScalar()
        return .set(ScalarSet(ranges: [one...one]))
    }

    private static let classes: [Unicode.Scalar: ScalarSet.Class] = [
        "d": .digit, "w": .word, "s": .space, "D": .notDigit, "W": .notWord, "S": .notSpace,
    ]
    private static let places: [Unicode.Scalar: LinearPattern.Place] = [
        "b": .wordEdge, "B": .noWordEdge, "A": .textStart, "z": .veryEnd,
    ]
    private static let controls: [Unicode.Scalar: Unicode.Scalar] = ["n": "\n", "t": "\t", "r": "\r"]

    /// What follows a backslash and means one scalar: a sign stands for itself, a letter or digit only where it is
    /// known.
    private mutating func escapedScalar() throws(LinearPattern.Fault) -> Unicode.Scalar {
        guard let scalar = current else { throw fault("a backslash with nothing after it,") }
        if let control = Self.controls[scalar] {
            index += 1
            return control
        }
        if ("1"..."9").contains(scalar) {
            throw fault("a back reference, which this engine does not have,")
        }
        guard !(scalar.isASCII && ScalarSet.Class.word.contains(scalar)) || scalar == "_" else {
            throw fault("the unknown escape \\\(scalar)")
        }
        index += 1
        return scalar
    }

    private mutating func set() throws(LinearPattern.Fault) -> ScalarSet {
        var set = ScalarSet(isNegated: take("^"))
        var isFirst = true
        while isFirst || current != "]" {
            guard let scalar = current else { throw fault("a [ that is never closed,") }
            isFirst = false
            if scalar == "\\", index + 1 < scalars.count, let known = Self.classes[scalars[index + 1]] {
                index += 2
                set.classes.append(known)
                continue
            }
            let low = try setScalar()
            guard current == "-", index + 1 < scalars.count, scalars[index + 1] != "]" else {
                set.ranges.append(low...low)
                continue
            }
            index += 1
            let high = try setScalar()
            guard low <= high else { throw fault("a range that ends before it begins, ending") }
            set.ranges.append(low...high)
        }
        index += 1
        return set
    }

    private mutating func setScalar() throws(LinearPattern.Fault) -> Unicode.Scalar {
        guard let scalar = current else { throw fault("a [ that is never closed,") }
        index += 1
        return scalar == "\\" ? try escapedScalar() : scalar
    }
}
