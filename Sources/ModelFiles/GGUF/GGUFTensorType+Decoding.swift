/// Blocks of 32 numbers, and numbers as they are. The operations, and their order, are those of `dequantize` in the
/// Python package `gguf`: the values are equal to the bit.
extension GGUFTensorType {
    /// Whole blocks to numbers.
    package func decode(_ bytes: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>) {
        precondition(bytes.count % blockSize == 0 && bytes.count / blockSize * blockCount == values.count)
        switch self {
        case .f32: for index in values.indices { values[index] = Float(bitPattern: bytes.word32(4 * index)) }
        case .f16: for index in values.indices { values[index] = bytes.half(2 * index) }
        case .bf16:
            for index in values.indices { values[index] = Float(bitPattern: UInt32(bytes.word16(2 * index)) << 16) }
        default:
            for block in 0..<bytes.count / blockSize {
                let source = UnsafeRawBufferPointer(rebasing: bytes[block * blockSize..<(block + 1) * blockSize])
                let range = block * blockCount..<(block + 1) * blockCount
                decodeBlock(source, UnsafeMutableBufferPointer(rebasing: values[range]))
            }
        }
    }

    private func decodeBlock(_ block: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>) {
        switch self {
        case .f32, .f16, .bf16: break
        case .q4_0: Self.halves(block, values) { scale, low, _ in scale * Float(low - 8) }
        case .q4_1: Self.halves(block, minimum: true, values) { scale, low, minimum in scale * Float(low) + minimum }
        case .q5_0: Self.halves(block, fifth: true, values) { scale, low, _ in scale * Float(low - 16) }
        case .q5_1:
            Self.halves(block, minimum: true, fifth: true, values) { scale, low, minimum in
                scale * Float(low) + minimum
            }
        case .q8_0:
            let scale = block.half(0)
            for index in 0..<32 { values[index] = Float(Int8(bitPattern: block[2 + index])) * scale }
        case .q2_K: Self.decode2(block, values)
        case .q3_K: Self.decode3(block, values)
        case .q4_K: Self.decode4(block, values)
        case .q5_K: Self.decode5(block, values)
        case .q6_K: Self.decode6(block, values)
        }
    }

    /// A scale, perhaps a minimum, perhaps a fifth bit of each number, then four bits of each: the lower halves of the
    /// bytes are the first 16 numbers.
    @inline(__always)
    private static func halves(
        _ block: UnsafeRawBufferPointer,
        minimum hasMinimum: Bool = false,
        fifth hasFifth: Bool = false,
        _ values: UnsafeMutableBufferPointer<Float>,
        _ value: (Float, Int32, Float) -> Float
    ) {
        let scale = block.half(0), minimum = hasMinimum ? block.half(2) : 0
        var place = hasMinimum ? 4 : 2
        let fifth = hasFifth ? block.word32(place) : 0
        if hasFifth { place += 4 }
        for index in 0..<16 {
            let byte = block[place + index]
            let first = Int32(byte & 15) | Int32(fifth >> UInt32(index) & 1) << 4
            let second = Int32(byte >> 4) | Int32(fifth >> UInt32(index + 16) & 1) << 4
            values[index] = value(scale, first, minimum)
            values[index + 16] = value(scale, second, minimum)
        }
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always) func word16(_ place: Int) -> UInt16 {
        UInt16(littleEndian: loadUnaligned(fromByteOffset: place, as: UInt16.self))
    }
    @inline(__always) func word32(_ place: Int) -> UInt32 {
        UInt32(littleEndian: loadUnaligned(fromByteOffset: place, as: UInt32.self))
    }
    @inline(__always) func half(_ place: Int) -> Float { Float(Float16(bitPattern: word16(place))) }
}
