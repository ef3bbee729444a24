/// Undoes deflate (RFC 1951): a part of a file in, its content out, in pieces of up to 32 KB. Throws at what is not
/// deflate.
struct Inflater {
    enum Failure: Error, CustomStringConvertible {
        case cutOff
        case damaged(String)

        var description: String {
            switch self {
            case .cutOff: "its compressed bytes are cut off"
            case .damaged(let what): "its compressed bytes are damaged: \(what)"
            }
        }
    }

    /// How far back a match can reach; also what is handed on at once.
    private static let window = 1 << 15

    private var bits: BitReader
    /// The last two windows of output, as a ring.
    private var ring = [UInt8](repeating: 0, count: 2 * window)
    /// Bytes made, and of these handed on.
    private var made = 0
    private var handed = 0

    init(_ reader: FileReader, _ range: Range<Int>) { bits = BitReader(reader, range) }

    mutating func run(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        var isLast = false
        while !isLast {
            isLast = try bits.take(1) == 1
            switch try bits.take(2) {
            case 0: try copyStored(sink)
            case 1: try decode(Self.fixedLiterals, Self.fixedDistances, sink)
            case 2:
                let (literals, distances) = try readCodes()
                try decode(literals, distances, sink)
            default: throw Failure.damaged("an unknown kind of block")
            }
        }
        try hand(sink)
    }

    // MARK: Output

    private mutating func append(_ byte: UInt8, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        ring[made & (ring.count - 1)] = byte
        made += 1
        if made - handed == Self.window { try hand(sink) }
    }

    /// At most a window, which begins where one of the two does.
    private mutating func hand(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard handed < made else { return }
        let start = handed & (ring.count - 1)
        try ring.withUnsafeBytes { try sink(UnsafeRawBufferPointer(rebasing: $0[start..<start + made - handed])) }
        handed = made
    }

    // MARK: Blocks

    private mutating func copyStored(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        bits.dropToByte()
        let length = try bits.take(16), complement = try bits.take(16)
        guard length == ~complement & 0xFFFF else { throw Failure.damaged("a stored block of no length") }
        for _ in 0..<length { try append(UInt8(try bits.take(8)), sink) }
    }

    private mutating func decode(
        _ literals: PrefixCode,
        _ distances: PrefixCode,
        _ sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        while true {
            let symbol = try bits.symbol(literals)
            if symbol < 256 {
                try append(UInt8(symbol), sink)
                continue
            }
            if symbol == 256 { return }
            guard symbol < 257 + Self.lengths.count else { throw Failure.damaged("a length that does not exist") }
            let (length, lengthBits) = Self.lengths[symbol - 257]
            let count = length + (try bits.take(lengthBits))
            let code = try bits.symbol(distances)
            guard code < Self.distances.count else { throw Failure.damaged("a distance that does not exist") }
            let (distance, distanceBits) = Self.distances[code]
            let back = distance + (try bits.take(distanceBits))
            guard back <= made else { throw Failure.damaged("a reference to before the start") }
            for _ in 0..<count { try append(ring[(made - back) & (ring.count - 1)], sink) }
        }
    }

    /// Smallest length (distance) of each symbol, and how many more bits follow.
    private static let lengths: [(Int, Int)] =
        bases(start: 3, bits: (0..<28).map { max(0, $0 / 4 - 1) }) + [(258, 0)]
    private static let distances: [(Int, Int)] = bases(start: 1, bits: (0..<30).map { max(0, $0 / 2 - 1) })

    private static func bases(start: Int, bits: [Int]) -> [(Int, Int)] {
        var next = start
        return bits.map { bits in
            defer { next += 1 << bits }
            return (next, bits)
        }
    }

    // MARK: Codes

    private static let fixedLiterals = PrefixCode.known(
        [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112) + [UInt8](repeating: 7, count: 24)
            + [UInt8](repeating: 8, count: 8)
    )
    private static let fixedDistances = PrefixCode.known([UInt8](repeating: 5, count: 32))
    private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    /// The codes of a block, whose lengths are themselves coded.
    private mutating func readCodes() throws -> (PrefixCode, PrefixCode) {
        let literals = try bits.take(5) + 257, distances = try bits.take(5) + 1, count = try bits.take(4) + 4
        var codeLengths = [UInt8](repeating: 0, count: 19)
        for index in 0..<count { codeLengths[Self.order[index]] = UInt8(try bits.take(3)) }
        let code = try PrefixCode(codeLengths)
        var lengths: [UInt8] = []
        while lengths.count < literals + distances {
            let symbol = try bits.symbol(code)
            let value: UInt8, times: Int
            switch symbol {
            case 16:
                guard let last = lengths.last else { throw Failure.damaged("a repetition of nothing") }
                (value, times) = (last, 3 + (try bits.take(2)))
            case 17: (value, times) = (0, 3 + (try bits.take(3)))
            case 18: (value, times) = (0, 11 + (try bits.take(7)))
            default: (value, times) = (UInt8(symbol), 1)
            }
            lengths += repeatElement(value, count: times)
        }
        guard lengths.count == literals + distances else { throw Failure.damaged("too many lengths of codes") }
        return (try PrefixCode(Array(lengths[..<literals])), try PrefixCode(Array(lengths[literals...])))
    }
}

/// A canonical prefix code of up to 15 bits, as a table of what the next bits mean.
private struct PrefixCode {
    private static let longest = 15

    /// Bits that an entry is looked up by.
    let width: Int
    /// symbol << 4 | its bits; 0 where no code begins so.
    let table: [UInt16]

    /// - Parameter lengths: bits of each symbol's code; 0: it has none.
    init(_ lengths: [UInt8]) throws {
        let width = max(1, Int(lengths.max() ?? 0))
        var counts = [Int](repeating: 0, count: Self.longest + 1)
        for length in lengths where length > 0 { counts[Int(length)] += 1 }
        var next = [Int](repeating: 0, count: Self.longest + 2)
        for length in 1...Self.longest {
            next[length + 1] = (next[length] + counts[length]) << 1
            guard next[length] + counts[length] <= 1 << length else {
                throw Inflater.Failure.damaged("more codes than there can be")
            }
        }
        var table = [UInt16](repeating: 0, count: 1 << width)
        for (symbol, length) in lengths.enumerated() where length > 0 {
            let length = Int(length), code = next[length]
            next[length] += 1
            var reversed = 0
            for bit in 0..<length { reversed |= (code >> bit & 1) << (length - 1 - bit) }
            for entry in stride(from: reversed, to: table.count, by: 1 << length) {
                table[entry] = UInt16(symbol << 4 | length)
            }
        }
        self.width = width
        self.table = table
    }

    static func known(_ lengths: [UInt8]) -> PrefixCode {
        do { return try PrefixCode(lengths) } catch { preconditionFailure("\(error)") }
    }
}

/// The bits of a part of a file, of every byte the lowest first.
private struct BitReader {
    private static let most = 1 << 16

    private let reader: FileReader
    private var rest: Range<Int>
    private var buffer: [UInt8] = []
    private var position = 0
    private var bits: UInt64 = 0
    private var count = 0

    init(_ reader: FileReader, _ range: Range<Int>) {
        self.reader = reader
        rest = range
    }

    /// So many bits as there are, up to `wanted` or more.
    @inline(__always) private mutating func fill(_ wanted: Int) throws {
        while count < wanted {
            if position == buffer.count {
                guard !rest.isEmpty else { return }
                buffer = try reader.read(min(Self.most, rest.count), at: rest.lowerBound)
                rest = rest.lowerBound + buffer.count..<rest.upperBound
                position = 0
            }
            bits |= UInt64(buffer[position]) << UInt64(count)
            position += 1
            count += 8
        }
    }

    /// The next `wanted` bits, at most 16, as a number.
    @inline(__always) mutating func take(_ wanted: Int) throws -> Int {
        try fill(wanted)
        guard count >= wanted else { throw Inflater.Failure.cutOff }
        let value = bits & (1 << UInt64(wanted) - 1)
        bits >>= UInt64(wanted)
        count -= wanted
        return Int(value)
    }

    mutating func dropToByte() {
        bits >>= UInt64(count % 8)
        count -= count % 8
    }

    @inline(__always) mutating func symbol(_ code: PrefixCode) throws -> Int {
        try fill(code.width)
        let entry = Int(code.table[Int(bits & (1 << UInt64(code.width) - 1))]), length = entry & 15
        guard length > 0 else { throw Inflater.Failure.damaged("a code that does not exist") }
        guard length <= count else { throw Inflater.Failure.cutOff }
        bits >>= UInt64(length)
        count -= length
        return entry >> 4
    }
}
