import LocalLM
import ModelFiles

/// A GGUF file in parts, so that each can be mutated and the others made to fit.
struct GGUFImage {
    enum Value {
        case number(UInt32)
        case real(Float)
        case flag(Bool)
        case text(String)
        case texts([String])
        case integers([Int32])
        case reals([Float])
        /// Of a type that need not exist.
        case other(type: UInt32, bytes: [UInt8])
    }

    struct Tensor {
        var name: String
        var type: UInt32
        /// Columns first, as the file has them.
        var dimensions: [UInt64]
        var data: [UInt8]
        /// Added to where its bytes are.
        var shift = 0
    }

    var version: UInt32 = 3
    var metadata: [(key: String, value: Value)]
    var tensors: [Tensor]
    /// Added to what the head says.
    var counts: (tensors: UInt64, keys: UInt64) = (0, 0)

    var bytes: [UInt8] {
        var out = Array("GGUF".utf8) + Self.little(version)
        out += Self.little(UInt64(tensors.count) &+ counts.tensors) + Self.little(UInt64(metadata.count) &+ counts.keys)
        for (key, value) in metadata { out += Self.text(key) + value.bytes }
        var offset = 0
        for tensor in tensors {
            out += Self.text(tensor.name) + Self.little(UInt32(tensor.dimensions.count))
            for dimension in tensor.dimensions { out += Self.little(dimension) }
            out += Self.little(tensor.type) + Self.little(UInt64(truncatingIfNeeded: offset &+ tensor.shift))
            offset += Self.padded(tensor.data.count)
        }
        out += [UInt8](repeating: 0, count: Self.padded(out.count) - out.count)
        for tensor in tensors {
            out += tensor.data + [UInt8](repeating: 0, count: Self.padded(tensor.data.count) - tensor.data.count)
        }
        return out
    }

    private static func padded(_ count: Int) -> Int { (count + 31) / 32 * 32 }

    static func little(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    static func text(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + text.utf8 }

    /// A tensor of random blocks, whose scales are small numbers.
    static func tensor(_ name: String, _ type: GGUFTensorType, rows: Int?, columns: Int, _ random: inout RandomStream)
        -> Tensor
    {
        let blocks = (rows ?? 1) * columns / type.blockCount
        var data = (0..<blocks * type.blockSize).map { _ in UInt8(random.integer(below: 256)) }
        let scales: [Int] =
            switch type {
            case .f32: [3]
            case .f16, .bf16: [1]
            case .q4_0, .q5_0, .q8_0: [1]
            case .q4_1, .q5_1, .q4_K, .q5_K: [1, 3]
            case .q2_K: [81, 83]
            case .q3_K: [109]
            case .q6_K: [209]
            }
        for block in 0..<blocks { for place in scales { data[block * type.blockSize + place] = 0x2C } }
        return Tensor(
            name: name,
            type: type.rawValue,
            dimensions: [UInt64(columns)] + (rows.map { [UInt64($0)] } ?? []),
            data: data
        )
    }
}

extension GGUFImage.Value {
    fileprivate var bytes: [UInt8] {
        func array(_ type: UInt32, _ count: Int) -> [UInt8] {
            GGUFImage.little(UInt32(9)) + GGUFImage.little(type) + GGUFImage.little(UInt64(count))
        }
        switch self {
        case .number(let value): return GGUFImage.little(UInt32(4)) + GGUFImage.little(value)
        case .real(let value): return GGUFImage.little(UInt32(6)) + GGUFImage.little(value.bitPattern)
        case .flag(let value): return GGUFImage.little(UInt32(7)) + [value ? 1 : 0]
        case .text(let text): return GGUFImage.little(UInt32(8)) + GGUFImage.text(text)
        case .texts(let texts): return array(8, texts.count) + texts.flatMap(GGUFImage.text)
        case .integers(let values): return array(5, values.count) + values.flatMap { GGUFImage.little($0) }
        case .reals(let values): return array(6, values.count) + values.flatMap { GGUFImage.little($0.bitPattern) }
        case .other(let type, let bytes): return GGUFImage.little(type) + bytes
        }
    }
}
