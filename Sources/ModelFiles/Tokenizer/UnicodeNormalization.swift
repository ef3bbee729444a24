/// NFC, NFD, NFKC and NFKD (UAX #15) as `tokenizers` 0.23 computes them: with the tables of Unicode 9.
struct UnicodeNormalization: Sendable {
    enum Form: String, Sendable {
        case nfc = "NFC", nfd = "NFD", nfkc = "NFKC", nfkd = "NFKD"
        var composes: Bool { self == .nfc || self == .nfkc }
        var isCompatible: Bool { self == .nfkc || self == .nfkd }
    }

    private static let unicode: Unicode.Version = (9, 0)
    /// Nothing decomposes, combines or composes from here on.
    private static let count = 0x30000

    private let form: Form
    private let decompositions: [UInt32: [UInt32]]
    private let compositions: PairTable
    private let combiningClasses: [UInt8]
    /// Scalars that this form may change, or that may join a preceding scalar. Before every other one, text can be
    /// cut.
    private let changes: [Bool]

    init(_ form: Form) {
        self.form = form
        var decompositions: [UInt32: [UInt32]] = [:]
        var excluded = Set<UInt32>()
        Self.read(Decompositions.canonical) { scalar, mapping, isExcluded in
            decompositions[scalar] = mapping
            if isExcluded { excluded.insert(scalar) }
        }
        var compositions = PairTable(capacity: form.composes ? decompositions.count : 0)
        var seconds = Set<UInt32>()
        if form.composes {
            // A composite is made of its last scalar and the composite of those before.
            let composites = Dictionary(
                uniqueKeysWithValues: decompositions.filter { !excluded.contains($0.key) }.map { ($0.value, $0.key) }
            )
            for (mapping, composite) in composites {
                let first = mapping.dropLast(), last = mapping[mapping.count - 1]
                guard let left = first.count == 1 ? first[0] : composites[Array(first)] else { continue }
                compositions.insert(Int32(left), Int32(last), (Int32(composite), 0))
                seconds.insert(last)
            }
        }
        if form.isCompatible {
            Self.read(Decompositions.compatible) { scalar, mapping, _ in decompositions[scalar] = mapping }
        }

        var classes = [UInt8](repeating: 0, count: Self.count)
        var changes = [Bool](repeating: false, count: Self.count)
        for value in 0x300..<Self.count {
            guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
            let combining = scalar.properties.canonicalCombiningClass
            if combining != .notReordered, scalar.isAssigned(in: Self.unicode) {
                classes[value] = combining.rawValue
                changes[value] = true
            }
        }
        for scalar in decompositions.keys {
            // A composite composes again; one that decomposes further under NFKD is taken for one that does not.
            changes[Int(scalar)] = changes[Int(scalar)] || form != .nfc || excluded.contains(scalar)
        }
        for scalar in seconds { changes[Int(scalar)] = true }
        for scalar in form.composes ? Hangul.vowels.lowerBound..<Hangul.trails.upperBound : Hangul.syllables {
            changes[Int(scalar)] = true
        }
        self.decompositions = decompositions
        self.compositions = compositions
        combiningClasses = classes
        self.changes = changes
    }

    private static func read(_ table: String, _ body: (UInt32, [UInt32], _ isExcluded: Bool) -> Void) {
        for run in table.utf8.split(separator: UInt8(ascii: ";")) {
            let parts = run.split(separator: UInt8(ascii: ":"))
            var scalar = UInt32(Substring(parts[0]), radix: 16)!
            for mapping in parts[1].split(separator: UInt8(ascii: ",")) {
                let isExcluded = mapping.first == UInt8(ascii: "!")
                let scalars = (isExcluded ? mapping.dropFirst() : mapping).split(separator: UInt8(ascii: "_"))
                body(scalar, scalars.map { UInt32(Substring($0), radix: 16)! }, isExcluded)
                scalar += 1
            }
        }
    }

    /// Nil where the text is of this form already, as far as can be seen at a glance.
    func normalized(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var index = 0, previous = 0, copied = 0
        var out: [UInt8] = []
        var scalars: [(value: UInt32, combining: UInt8)] = []
        while index < text.count {
            let byte = text[index]
            // Nothing below U+0080 changes.
            if byte < 0xC2 {
                previous = index
                index += 1
                continue
            }
            let (value, length) = text.scalarValue(at: index)
            guard mayChange(value) else {
                previous = index
                index += length
                continue
            }
            // From the scalar before, which may compose, to the next that is not touched.
            let start = max(previous, copied)
            out.append(contentsOf: text[copied..<start])
            scalars.removeAll(keepingCapacity: true)
            var end = start
            while end < text.count {
                let (value, length) = text.scalarValue(at: end)
                if end > index, !mayChange(value) { break }
                decompose(value, into: &scalars)
                end += length
            }
            reorder(&scalars)
            if form.composes { compose(&scalars) }
            for (value, _) in scalars { out.append(contentsOf: UTF8.encode(Unicode.Scalar(value)!)!) }
            (copied, index, previous) = (end, end, end)
        }
        guard copied > 0 else { return nil }
        out.append(contentsOf: text[copied...])
        return out
    }

    private func mayChange(_ value: UInt32) -> Bool { value < UInt32(Self.count) && changes[Int(value)] }

    private func decompose(_ value: UInt32, into scalars: inout [(value: UInt32, combining: UInt8)]) {
        func add(_ value: UInt32) {
            scalars.append((value, value < UInt32(Self.count) ? combiningClasses[Int(value)] : 0))
        }
        if Hangul.syllables.contains(value) {
            for part in Hangul.decomposed(value) { add(part) }
        } else if let mapping = decompositions[value] {
            for part in mapping { add(part) }
        } else {
            add(value)
        }
    }

    /// Canonical order: runs of combining marks by their classes, otherwise in their order.
    private func reorder(_ scalars: inout [(value: UInt32, combining: UInt8)]) {
        var start = 0
        while start < scalars.count {
            guard scalars[start].combining > 0 else { start += 1; continue }
            var end = start + 1
            while end < scalars.count, scalars[end].combining > 0 { end += 1 }
            // Swift's sort is stable.
            if end - start > 1 { scalars[start..<end].sort { $0.combining < $1.combining } }
            start = end
        }
    }

    private func compose(_ scalars: inout [(value: UInt32, combining: UInt8)]) {
        var kept = 0
        var starter: Int?
        var lastClass: UInt8?
        for index in scalars.indices {
            let (value, combining) = scalars[index]
            if let starter, lastClass.map({ $0 < combining }) ?? true,
                let composite = composite(scalars[starter].value, value)
            {
                scalars[starter].value = composite
                continue
            }
            if combining == 0 {
                starter = kept
                lastClass = nil
            } else {
                lastClass = combining
            }
            scalars[kept] = (value, combining)
            kept += 1
        }
        scalars.removeLast(scalars.count - kept)
    }

    private func composite(_ left: UInt32, _ right: UInt32) -> UInt32? {
        Hangul.composed(left, right) ?? compositions[Int32(left), Int32(right)].map { UInt32($0.0) }
    }
}

/// Korean syllables, made of two or three letters by arithmetic (The Unicode Standard, section 3.12).
private enum Hangul {
    static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
    static let leads: Range<UInt32> = 0x1100..<0x1113
    static let vowels: Range<UInt32> = 0x1161..<0x1176
    /// Without the first, which stands for none.
    static let trails: Range<UInt32> = 0x11A8..<0x11C3

    static func decomposed(_ syllable: UInt32) -> [UInt32] {
        let index = syllable - syllables.lowerBound
        let pair = [leads.lowerBound + index / 588, vowels.lowerBound + index % 588 / 28]
        return index % 28 == 0 ? pair : pair + [trails.lowerBound - 1 + index % 28]
    }

    static func composed(_ left: UInt32, _ right: UInt32) -> UInt32? {
        if leads.contains(left), vowels.contains(right) {
            return syllables.lowerBound + (left - leads.lowerBound) * 588 + (right - vowels.lowerBound) * 28
        }
        if syllables.contains(left), (left - syllables.lowerBound) % 28 == 0, trails.contains(right) {
            return left + (right - trails.lowerBound + 1)
        }
        return nil
    }
}
