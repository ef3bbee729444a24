import Foundation
import TestSupport
import Testing

@testable import FuzzTargets
@testable import ModelFiles

/// safetensors files: what is in them is read exactly, and what their headers claim is believed only where it is so.
@Suite struct SafeTensorsTests {
    private func withFile<Result>(_ bytes: [UInt8], _ body: (URL) throws -> Result) throws -> Result {
        try withTemporaryDirectory { folder in
            let url = folder.appendingPathComponent("model.safetensors")
            try Data(bytes).write(to: url)
            return try body(url)
        }
    }

    /// A file of one tensor x, whose header says what the test wants.
    private func file(_ type: String, _ shape: String, _ offsets: String, data: Int, more: String = "") -> [UInt8] {
        let header = #"{"x":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}\#(more)}"#
        return SafeTensorsImage.join(Array(header.utf8), [UInt8](repeating: 0, count: data))
    }

    @Test(arguments: [
        ("F32", "[2]", "[0,4]", 4, "", "needs 8 bytes"), ("F32", "[1]", "[0,8]", 8, "", "needs 4 bytes"),
        ("F32", "[-1]", "[0,4]", 4, "", "its shape holds the number -1"),
        ("F32", "[1.0]", "[0,4]", 4, "", "its shape holds the number 1.0"),
        ("F32", "[4611686018427387904,4]", "[0,0]", 0, "", "too large"),
        ("F32", "[9223372036854775808]", "[0,0]", 0, "", "its shape holds"),
        ("F32", "[1]", "[4,0]", 4, "", "outside of the file"),
        ("F32", "[1]", "[-4,0]", 4, "", "outside of the file"),
        ("F32", "[1]", "[0,9223372036854775807]", 4, "", "outside of the file"),
        ("F32", "[1]", "[0]", 4, "", "missing"), ("F32", "{}", "[0,4]", 4, "", "missing"),
        ("F32", "[1]", "[4,8]", 8, "", "where the one before ends at"),
        ("F32", "[1]", "[0,4]", 8, "", "its tensors end at byte"), ("F31", "[1]", "[0,4]", 4, "", "dtype F31"),
        ("f32", "[1]", "[0,4]", 4, "", "dtype f32"),
        (
            "F32", "[1]", "[0,4]", 4, #","y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#,
            "where the one before ends at"
        ),
        ("F32", "[1]", "[0,4]", 4, #","x":{}"#, "a second time"),
        ("F32", "[1]", "[0,4]", 4, #","y":7"#, "dtype is missing"),
        (
            "F32", "[1]", "[0,4]", 4,
            #","é":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"e\u0301":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#,
            "duplicate tensor"
        ),
    ])
    func aFalseClaimIsRefusedByFileAndTensor(
        type: String,
        shape: String,
        offsets: String,
        data: Int,
        more: String,
        reason: String
    ) throws {
        try withFile(file(type, shape, offsets, data: data, more: more)) { url in
            #expect { try SafeTensorsFile(url) } throws: { error in
                let text = "\(error)"
                return text.contains(url.path) && text.contains(reason)
            }
        }
    }

    @Test(arguments: [0, 7, 8, 100_000_000, 100_000_001, UInt64(1) << 63, .max])
    func aHeaderLengthIsNotBelieved(length: UInt64) throws {
        let valid = file("F32", "[1]", "[0,4]", data: 4)
        var bytes = valid
        bytes.replaceSubrange(0..<8, with: withUnsafeBytes(of: length.littleEndian) { Array($0) })
        try withFile(bytes) { url in
            #expect { try SafeTensorsFile(url) } throws: { ($0 as? LocalLMError)?.context?.contains(url.path) == true }
        }
        try withFile(valid) { _ = try SafeTensorsFile($0) }
    }

    /// A sparse file that is as large as the header's bound allows, and one byte beyond.
    @Test func theHeaderIsBoundedAsInTheRustLibrary() throws {
        for (length, reason) in [(100_000_000, "not valid JSON"), (100_000_001, "is not a safetensors file")] {
            try withFile(SafeTensorsImage.join([], [], length: UInt64(length))) { url in
                truncate(url.path, 8 + length)
                #expect { try SafeTensorsFile(url) } throws: {
                    ($0 as? LocalLMError)?.message.hasPrefix(reason) == true
                }
            }
        }
    }

    @Test func aHeaderOfMoreValuesThanTensorsNeedIsRefused() throws {
        let header = Array(("{\"x\":[" + String(repeating: "0,", count: 1 << 21) + "0]}").utf8)
        try withFile(SafeTensorsImage.join(header, [])) { url in
            #expect { try SafeTensorsFile(url) } throws: { "\($0)".contains("more values") }
        }
    }

    @Test func tensorsWithoutElementsAndScalarsAndMetadataAreRead() throws {
        let image = SafeTensorsImage(
            [("none", "F32", [0, 3]), ("scalar", "F32", []), ("none too", "F16", [2, 0]), ("bytes", "U8", [3])],
            metadata: ["format": "pt", "é": "\u{1F600}"]
        )
        try withFile(image.bytes()) { url in
            let file = try SafeTensorsFile(url)
            #expect(file.entries.mapValues(\.range.count) == ["none": 0, "scalar": 4, "none too": 0, "bytes": 3])
            #expect(file.metadata == ["format": "pt", "é": "\u{1F600}"])
            #expect(try file.floats("none", 0).isEmpty)
            #expect(try file.floats("scalar", 1) == [Float(bitPattern: 0x3C3C_3C3C)])
        }
    }

    /// All 65,536 halves of either type, against arithmetic on their fields: sign, exponent, fraction.
    @Test(arguments: [("F16", 5, 10), ("BF16", 8, 7)])
    func everyHalfIsConvertedExactly(type: String, exponentBits: Int, fractionBits: Int) throws {
        var image = SafeTensorsImage([("x", type, [8192])])
        var values: [Float] = []
        for start in stride(from: 0, to: 65_536, by: 8192) {
            image.data = (start..<start + 8192).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
            try withFile(image.bytes()) { url in
                values += try SafeTensorsFile(url).floats("x", 8192)
            }
        }
        let most = 1 << exponentBits - 1, bias = 1 << (exponentBits - 1) - 1
        for (half, value) in values.enumerated() {
            let exponent = half >> fractionBits & most, fraction = half & (1 << fractionBits - 1)
            let isRight: Bool
            if exponent == most {
                isRight = fraction == 0 ? value.isInfinite : value.isNaN
            } else {
                let significand = exponent == 0 ? fraction : fraction + 1 << fractionBits
                isRight =
                    Double(value.magnitude)
                    == Double(
                        sign: .plus,
                        exponent: max(exponent, 1) - bias - fractionBits,
                        significand: Double(significand)
                    )
            }
            #expect(
                isRight && (value.sign == .minus) == (half >> 15 == 1),
                "\(type) 0x\(String(half, radix: 16)) is read as \(value)"
            )
        }
    }

    @Test func everyKindOfFloatIsReadAsItsBits() throws {
        let bits: [UInt32] = [
            0, 0x8000_0000, 1, 0x807F_FFFF, 0x7F7F_FFFF, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0001, 0x7F80_0001,
            0x3F80_0000,
        ]
        var image = SafeTensorsImage([("x", "F32", [bits.count])])
        image.data = bits.flatMap { bits in withUnsafeBytes(of: bits.littleEndian) { Array($0) } }
        try withFile(image.bytes()) { url in
            let values = try SafeTensorsFile(url).floats("x", bits.count)
            #expect(values.map(\.bitPattern) == bits)
        }
    }

    /// A mapped file would end the process with SIGBUS.
    @Test func aFileThatIsCutOffWhileItIsOpenIsAnError() throws {
        try withFile(SafeTensorsImage([("x", "F32", [1024])]).bytes()) { url in
            let file = try SafeTensorsFile(url)
            truncate(url.path, 200)
            #expect { try file.floats("x", 1024) } throws: {
                "\($0)".contains("too early") && "\($0)".contains(url.path)
            }
        }
    }
}

extension SafeTensorsFile {
    fileprivate func floats(_ name: String, _ count: Int) throws -> [Float] {
        var values = [Float](repeating: -1, count: count)
        try values.withUnsafeMutableBufferPointer { try read(name, into: $0) }
        return values
    }
}
