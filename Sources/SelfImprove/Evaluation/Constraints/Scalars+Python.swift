/// A part of a text as Python sees it: code points, not grapheme clusters. Constraints were written down as Python, so
/// what a space, a word or a letter's case is must be Python's notion of it.
typealias Scalars = ArraySlice<Unicode.Scalar>

extension Unicode.Scalar {
    /// `str.isspace` of one character, which is also `\s` of Python's `re`.
    var isPythonSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// `\s` of the `regex` module, which nltk matches with: Unicode's White_Space.
    var isRegexSpace: Bool { isPythonSpace && !(0x1C...0x1F).contains(value) }

    /// `\w` of Python's `re`: `str.isalnum` or an underscore. Marks are none, so it splits Hindi at its vowel signs.
    var isPythonWord: Bool {
        if value < 0x80 { return isASCIIWord }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
        default: return properties.numericType != nil
        }
    }

    /// `\w` of the `regex` module: what is alphabetic, marks, digits, connectors and joiners (UTS #18, annex C).
    var isRegexWord: Bool {
        if value < 0x80 { return isASCIIWord }
        if properties.isAlphabetic || properties.isJoinControl { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }

    /// `\d` of both.
    var isPythonDigit: Bool {
        value < 0x80 ? (0x30...0x39).contains(value) : properties.generalCategory == .decimalNumber
    }

    private var isASCIIWord: Bool {
        switch value {
        case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
        default: false
        }
    }

    /// The lower case of one scalar alone. Only İ has two scalars there, of which this is the first.
    var simpleLower: Unicode.Scalar {
        if value < 0x80 { return (0x41...0x5A).contains(value) ? Unicode.Scalar(value + 0x20)! : self }
        return properties.lowercaseMapping.unicodeScalars.first ?? self
    }

    /// The same for all scalars that `re.IGNORECASE` takes for one: the lower case, and of those that share an upper
    /// case the first (`re._casefix` in Python 3.11).
    var caseFolded: Unicode.Scalar {
        let lower = simpleLower
        if lower.value < 0xB5 { return lower }
        return Self.sharedUpperCase[lower] ?? lower
    }

    private static let sharedUpperCase: [Unicode.Scalar: Unicode.Scalar] = [
        "\u{131}": "i", "\u{17F}": "s", "\u{3BC}": "\u{B5}", "\u{3B9}": "\u{345}", "\u{1FBE}": "\u{345}",
        "\u{1FD3}": "\u{390}", "\u{1FE3}": "\u{3B0}", "\u{3D0}": "\u{3B2}", "\u{3F5}": "\u{3B5}", "\u{3D1}": "\u{3B8}",
        "\u{3F0}": "\u{3BA}", "\u{3D6}": "\u{3C0}", "\u{3F1}": "\u{3C1}", "\u{3C3}": "\u{3C2}", "\u{3D5}": "\u{3C6}",
        "\u{1C80}": "\u{432}", "\u{1C81}": "\u{434}", "\u{1C82}": "\u{43E}", "\u{1C83}": "\u{441}",
        "\u{1C84}": "\u{442}", "\u{1C85}": "\u{442}", "\u{1C86}": "\u{44A}", "\u{1C87}": "\u{463}",
        "\u{A64B}": "\u{1C88}", "\u{1E9B}": "\u{1E61}", "\u{FB06}": "\u{FB05}",
    ]

    fileprivate var isCased: Bool { properties.isCased }
    fileprivate var isCaseIgnorable: Bool { properties.isCaseIgnorable }
}

extension Scalars {
    init(_ text: String) { self = ArraySlice(Array<Unicode.Scalar>(text.unicodeScalars)) }

    var text: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: self)
        return String(view)
    }

    /// `not str.strip()`.
    var isBlank: Bool { allSatisfy(\.isPythonSpace) }

    /// `str.strip()`.
    func stripped() -> Scalars { stripped(\.isPythonSpace) }

    /// Without what holds at both ends.
    func stripped(_ isDropped: (Unicode.Scalar) -> Bool) -> Scalars {
        var rest = drop(while: isDropped)
        while let last = rest.last, isDropped(last) { rest.removeLast() }
        return rest
    }

    /// `str.startswith` at a position.
    func has(_ literal: some Collection<Unicode.Scalar>, at index: Int) -> Bool {
        index >= startIndex && endIndex - index >= literal.count && self[index...].starts(with: literal)
    }

    func ends(with literal: some Collection<Unicode.Scalar>) -> Bool { has(literal, at: endIndex - literal.count) }

    /// `str.split()`.
    func words() -> [Scalars] { split(whereSeparator: \.isPythonSpace) }

    /// The first place of a scalar at `index` or after it, before `end`.
    func first(_ scalar: Unicode.Scalar, from index: Int, to end: Int? = nil) -> Int? {
        self[index..<(end ?? endIndex)].firstIndex(of: scalar)
    }

    /// The first place at `index` or after it that is no space.
    func afterSpace(_ index: Int) -> Int { self[index...].firstIndex { !$0.isPythonSpace } ?? endIndex }

    /// Where the line that `index` is in ends: the place of its newline, or the text's end.
    func lineEnd(_ index: Int) -> Int { first("\n", from: index) ?? endIndex }

    /// `str.lower()`: full mappings, and a sigma that ends a word becomes ς.
    func lowered() -> Scalars {
        var out: [Unicode.Scalar] = []
        out.reserveCapacity(count)
        for (index, scalar) in zip(indices, self) {
            if scalar.value < 0x80 {
                out.append(scalar.simpleLower)
            } else if scalar == "\u{3A3}" {
                out.append(endsWord(index) ? "\u{3C2}" : "\u{3C3}")
            } else {
                out.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
            }
        }
        return out[...]
    }

    /// Unicode's Final_Sigma: something cased before, nothing cased after, case-ignorable scalars passed over.
    private func endsWord(_ index: Int) -> Bool {
        let before = self[..<index].last { !$0.isCaseIgnorable },
            after = self[(index + 1)...].first { !$0.isCaseIgnorable }
        return before?.isCased == true && after?.isCased != true
    }

    /// `str.isupper()`: something in upper case, and nothing in lower or title case.
    var isUpper: Bool { isOneCase(\.isUppercase, not: \.isLowercase) }

    /// `str.islower()`.
    var isLower: Bool { isOneCase(\.isLowercase, not: \.isUppercase) }

    private func isOneCase(
        _ wanted: KeyPath<Unicode.Scalar.Properties, Bool>,
        not other: KeyPath<Unicode.Scalar.Properties, Bool>
    ) -> Bool {
        var found = false
        for scalar in self {
            let properties = scalar.properties
            if properties[keyPath: other] || properties.generalCategory == .titlecaseLetter { return false }
            if !found, properties[keyPath: wanted] { found = true }
        }
        return found
    }
}
