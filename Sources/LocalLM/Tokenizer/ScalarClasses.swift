/// The Unicode classes that tokenizers' patterns speak of, as Oniguruma and Rust's regex define them.
enum ScalarClass: UInt8 {
    case letter, number, space, other

    /// `\p{L}`, `\p{N}`, `\s` (White_Space), or none of them.
    init(_ scalar: Unicode.Scalar) {
        if scalar.value < 0x80 {
            self = Self.ascii[Int(scalar.value)]
            return
        }
        self = Self.uncached(scalar)
    }

    private static let ascii: [ScalarClass] = (UInt8(0)..<0x80).map { uncached(Unicode.Scalar($0)) }

    private static func uncached(_ scalar: Unicode.Scalar) -> ScalarClass {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
        case .decimalNumber, .letterNumber, .otherNumber: .number
        default: scalar.properties.isWhitespace ? .space : .other
        }
    }
}

extension Unicode.Scalar {
    /// `\w` of Rust's regex: Alphabetic, marks, decimal numbers, connector punctuation, joiners (UTS #18, annex C).
    var isWordCharacter: Bool {
        if properties.isAlphabetic || properties.isJoinControl { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The scalar that starts at this byte of valid UTF-8, and its length.
    func scalar(at index: Int) -> (scalar: Unicode.Scalar, length: Int) {
        let first = UInt32(self[index])
        if first < 0x80 { return (Unicode.Scalar(UInt8(first)), 1) }
        func tail(_ offset: Int) -> UInt32 { UInt32(self[index + offset]) & 0x3F }
        if first < 0xE0 { return (Unicode.Scalar((first & 0x1F) << 6 | tail(1))!, 2) }
        if first < 0xF0 { return (Unicode.Scalar((first & 0x0F) << 12 | tail(1) << 6 | tail(2))!, 3) }
        return (Unicode.Scalar((first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3))!, 4)
    }

    /// Where the scalar that ends just before `index` starts.
    func scalarStart(before index: Int) -> Int {
        var start = index - 1
        while start > 0 && self[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }
}
