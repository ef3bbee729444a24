import Foundation

/// The Unicode classes that split patterns speak of, as the Oniguruma inside of `tokenizers` 0.23 knows them.
enum ScalarClass: UInt8 {
    /// `\p{L}`, `\p{N}`, `\s` (White_Space), or none of them.
    case letter, number, space, other

    /// Oniguruma's tables are those of Unicode 16: what came later has no class there.
    static let unicode: Unicode.Version = (16, 0)

    fileprivate init(classifying scalar: Unicode.Scalar) {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .unassigned, .privateUse: self = .other
        case _ where !scalar.isAssigned(in: Self.unicode): self = .other
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
        case .decimalNumber, .letterNumber, .otherNumber: self = .number
        default: self = properties.isWhitespace ? .space : .other
        }
    }
}

/// `ScalarClass` of every scalar, looked up.
struct ScalarClasses: @unchecked Sendable {
    /// No letter or number of Unicode 16 is beyond this.
    private static let count = 0x32400
    private let table: UnsafePointer<UInt8>

    /// Made once, and never freed.
    static let shared = ScalarClasses()

    private init() {
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.count)
        for value in 0..<Self.count {
            table[value] = (Unicode.Scalar(UInt32(value)).map(ScalarClass.init(classifying:)) ?? .other).rawValue
        }
        self.table = UnsafePointer(table)
    }

    @inline(__always) func of(ascii byte: UInt8) -> ScalarClass { ScalarClass(rawValue: table[Int(byte)])! }

    @inline(__always) func of(_ scalar: UInt32) -> ScalarClass {
        scalar < UInt32(Self.count) ? ScalarClass(rawValue: table[Int(scalar)])! : .other
    }
}

extension Unicode.Scalar {
    /// Whether this version of Unicode has it.
    func isAssigned(in version: Unicode.Version) -> Bool {
        guard let age = properties.age else { return false }
        return age.major < version.major || (age.major == version.major && age.minor <= version.minor)
    }

    /// `\w` of Rust's regex: Alphabetic, marks, decimal numbers, connector punctuation, joiners (UTS #18, annex C).
    var isWordCharacter: Bool {
        guard isAssigned(in: ScalarClass.unicode) else { return false }
        if properties.isAlphabetic || properties.isJoinControl { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }

    /// `char::is_numeric` of Rust: any number of the newest Unicode.
    var isNumeric: Bool {
        switch properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: true
        default: false
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The value of the scalar that starts at this byte of valid UTF-8, and its length.
    @inline(__always) func scalarValue(at index: Int) -> (value: UInt32, length: Int) {
        let first = UInt32(self[index])
        if first < 0x80 { return (first, 1) }
        @inline(__always) func tail(_ offset: Int) -> UInt32 { UInt32(self[index + offset]) & 0x3F }
        if first < 0xE0 { return ((first & 0x1F) << 6 | tail(1), 2) }
        if first < 0xF0 { return ((first & 0x0F) << 12 | tail(1) << 6 | tail(2), 3) }
        return ((first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4)
    }

    func scalar(at index: Int) -> (scalar: Unicode.Scalar, length: Int) {
        let (value, length) = scalarValue(at: index)
        return (Unicode.Scalar(value)!, length)
    }

    /// Where the scalar that ends just before `index` starts.
    func scalarStart(before index: Int) -> Int {
        var start = index - 1
        while start > 0 && self[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    /// The next occurrence of `part` (not empty), or nil.
    func firstRange(of part: [UInt8], from start: Int) -> Range<Int>? {
        let last = count - part.count
        guard start <= last else { return nil }
        return part.withUnsafeBufferPointer { part in
            var index = start
            while index <= last {
                guard let hit = memchr(baseAddress! + index, Int32(part[0]), last + 1 - index) else { return nil }
                index = hit.assumingMemoryBound(to: UInt8.self) - UnsafeMutablePointer(mutating: baseAddress!)
                if memcmp(baseAddress! + index, part.baseAddress!, part.count) == 0 {
                    return index..<index + part.count
                }
                index += 1
            }
            return nil
        }
    }

    func starts(with part: [UInt8], at index: Int) -> Bool {
        index + part.count <= count
            && part.withUnsafeBufferPointer { memcmp(baseAddress! + index, $0.baseAddress!, part.count) == 0 }
    }
}
