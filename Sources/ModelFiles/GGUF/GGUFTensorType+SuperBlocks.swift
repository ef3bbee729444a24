/// Blocks of 256 numbers ("K quants"): parts of 16 or 32 numbers, whose scales (and minima) are themselves quantized.
extension GGUFTensorType {
    /// 16 scales and minima of 4 bits, 2 bits a number, the scale of the scales, that of the minima.
    static func decode2(_ block: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>) {
        let scale = block.half(80), minimum = block.half(82)
        for part in 0..<16 {
            let packed = block[part]
            let partScale = scale * Float(packed & 15), partMinimum = minimum * Float(packed >> 4)
            for index in 0..<16 {
                let low = quarter(block, from: 16, part: part, index)
                values[part * 16 + index] = partScale * Float(low) - partMinimum
            }
        }
    }

    /// A third bit of each number, 2 bits of each, 16 scales of 6 bits, the scale of the scales.
    static func decode3(_ block: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>) {
        let scale = block.half(108)
        for part in 0..<16 {
            let low = block[96 + part % 8] >> UInt8(part / 8 * 4) & 15
            let high = block[104 + part % 4] >> UInt8(part / 4 * 2) & 3
            let partScale = scale * Float(Int32(low | high << 4) - 32)
            for index in 0..<16 {
                let bit = block[part % 2 * 16 + index] >> UInt8(part / 2) & 1
                let number = Int32(quarter(block, from: 32, part: part, index)) - (bit == 0 ? 4 : 0)
                values[part * 16 + index] = partScale * Float(number)
            }
        }
    }

    /// The scale of the scales, that of the minima, 8 of both in 12 bytes, 4 bits a number.
    static func decode4(_ block: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>) {
        for part in 0..<8 {
            let (scale, minimum) = scaleAndMinimum(block, part: part)
            for index in 0..<32 {
                let low = block[16 + part / 2 * 32 + index] >> UInt8(part % 2 * 4) & 15
                values[part * 32 + index] = scale * Float(low) - minimum
            }
        }
    }

    /// The same with a fifth bit of each number before the other four.
    static func decode5(_ block: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>) {
        for part in 0..<8 {
            let (scale, minimum) = scaleAndMinimum(block, part: part)
            for index in 0..<32 {
                let low = block[48 + part / 2 * 32 + index] >> UInt8(part % 2 * 4) & 15
                let high = block[16 + index] >> UInt8(part) & 1
                values[part * 32 + index] = scale * Float(low | high << 4) - minimum
            }
        }
    }

    /// 4 bits of each number, 2 more of each, 16 scales of 8 bits, the scale of the scales.
    static func decode6(_ block: UnsafeRawBufferPointer, _ values: UnsafeMutableBufferPointer<Float>) {
        let scale = block.half(208)
        for part in 0..<16 {
            let partScale = scale * Float(Int8(bitPattern: block[192 + part]))
            for index in 0..<16 {
                // The numbers in rows of 32: four bits of rows 0 and 2 (1 and 3) share a byte, two bits of rows 0 to 3.
                let row = part / 2, column = part % 2 * 16 + index
                let low = block[row / 4 * 64 + row % 2 * 32 + column] >> UInt8(row % 4 / 2 * 4) & 15
                let high = block[128 + row / 4 * 32 + column] >> UInt8(row % 4 * 2) & 3
                values[part * 16 + index] = partScale * Float(Int32(low | high << 4) - 32)
            }
        }
    }

    /// Two bits of a number: rows 0 to 3 of 32 numbers share the bytes of 32, rows 4 to 7 the next.
    @inline(__always)
    private static func quarter(_ block: UnsafeRawBufferPointer, from start: Int, part: Int, _ index: Int) -> UInt8 {
        let row = part / 2, column = part % 2 * 16 + index
        return block[start + row / 4 * 32 + column] >> UInt8(row % 4 * 2) & 3
    }

    /// Six bits of each: of the first four parts in bytes 4 to 7 and 8 to 11; of the last four, four bits in bytes 12
    /// to 15 and two at the top of those.
    @inline(__always)
    private static func scaleAndMinimum(_ block: UnsafeRawBufferPointer, part: Int) -> (Float, Float) {
        let first = block[4 + part % 4], second = block[8 + part % 4], third = block[12 + part % 4]
        let scale = part < 4 ? first & 63 : third & 15 | first >> 2 & 48
        let minimum = part < 4 ? second & 63 : third >> 4 | second >> 2 & 48
        return (block.half(0) * Float(scale), block.half(2) * Float(minimum))
    }
}
