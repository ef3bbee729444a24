/// Places in a text that no merge can reach across, so that what lies between them can be encoded, and remembered, by
/// itself.
///
/// The text of a merged token is that of its parts. Where no merge joins a part ending in the scalar a with
/// one beginning in b, a and b next to each other stay apart whatever happens around them. Llama 2 and Gemma encode
/// whole texts as one word; but few of their merges have "▁" on the right of anything but "▁", so that in practice a
/// text falls into its words again.
struct MergeBoundaries: Sendable {
    /// Classes of scalars: ASCII each by itself, "▁", and all others together.
    private static let metaspace: UInt32 = 0x2581
    private static let others = 129
    private static let classes = 130

    /// `joins[a * classes + b]`: some merge has a before b.
    private var joins = [Bool](repeating: false, count: classes * classes)

    /// Nothing may be cut before a scalar without a token (`symbols`), and nothing at all where merges speak of tokens
    /// that do not say their text: nil.
    init?(_ merges: [(left: Int32, right: Int32)], symbols: SymbolTable, text: [(first: UInt32, last: UInt32)?]) {
        var opaque = [Bool](repeating: false, count: text.count)
        for id in symbols.opaque { opaque[Int(id)] = true }
        for (left, right) in merges {
            guard !opaque[Int(left)], !opaque[Int(right)], let before = text[Int(left)]?.last,
                let after = text[Int(right)]?.first
            else { return nil }
            joins[Self.index(before) * Self.classes + Self.index(after)] = true
        }
        for after in 0..<Self.classes
        where after == Self.others || symbols.id(ofScalar: after == 128 ? Self.metaspace : UInt32(after)) < 0 {
            for before in 0..<Self.classes { joins[before * Self.classes + after] = true }
        }
    }

    @inline(__always) private static func index(_ scalar: UInt32) -> Int {
        scalar < 0x80 ? Int(scalar) : scalar == metaspace ? 128 : others
    }

    /// The first such place after `start`, or the end.
    func next(in word: UnsafeBufferPointer<UInt8>, after start: Int) -> Int {
        var (before, length) = word.scalarValue(at: start)
        var index = start + length
        while index < word.count {
            let after: UInt32
            (after, length) = word.scalarValue(at: index)
            if !joins[Self.index(before) * Self.classes + Self.index(after)] { return index }
            before = after
            index += length
        }
        return index
    }
}
