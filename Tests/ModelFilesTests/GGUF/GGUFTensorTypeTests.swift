import Foundation
import Testing

@testable import ModelFiles

/// Blocks of every type against the numbers that the Python package `gguf` makes of them
/// (`Tests/Parity/make_gguf_cases.py`).
@Suite struct GGUFTensorTypeTests {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        var type: String
        var bytes: Data
        var values: Data

        var testDescription: String { type }
    }

    static let cases: [Case] = {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let lines = try! Data(contentsOf: tests.appendingPathComponent("LocalLMTests/Golden/gguf/blocks.jsonl")).split(
            separator: UInt8(ascii: "\n")
        )
        return lines.map { try! JSONDecoder().decode(Case.self, from: $0) }
    }()

    @Test func everyTypeHasACase() {
        #expect(Set(Self.cases.map(\.type)) == Set(GGUFTensorType.allCases.map(\.name)))
    }

    @Test(arguments: cases) func numbersAreThoseOfThePackageToTheBit(_ golden: Case) throws {
        let type = try #require(GGUFTensorType.allCases.first { $0.name == golden.type })
        let count = golden.bytes.count / type.blockSize * type.blockCount
        try #require(count * 4 == golden.values.count)
        var values = [Float](repeating: .nan, count: count)
        golden.bytes.withUnsafeBytes { bytes in
            values.withUnsafeMutableBufferPointer { type.decode(bytes, into: $0) }
        }
        let expected = golden.values.withUnsafeBytes { bytes in (0..<count).map { bytes.word32(4 * $0) } }
        #expect(values.map(\.bitPattern) == expected)
        #expect(Set(expected).count > 16, "numbers that say something")
    }
}
