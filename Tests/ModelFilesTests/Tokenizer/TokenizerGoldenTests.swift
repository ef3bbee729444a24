import Foundation
import Testing

@testable import ModelFiles

/// Tokenizers of every kind against what the Rust library did with the same tokenizer.json
/// (`Tests/Parity/make_tokenizer_cases.py`).
@Suite struct TokenizerGoldenTests {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        struct Encoded: Decodable, Sendable {
            var text: String
            var ids: [Int]
            var decoded: String
            var skipped: String
        }
        struct Decoded: Decodable, Sendable {
            var ids: [Int]
            var text: String
        }
        var name: String
        var json: String
        var encoded: [Encoded]
        var decoded: [Decoded]

        var testDescription: String { name }
    }

    static let cases: [Case] = {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let lines = try! Data(contentsOf: tests.appendingPathComponent("LocalLMTests/Golden/tokenizers.jsonl")).split(
            separator: UInt8(ascii: "\n")
        )
        return lines.map { try! JSONDecoder().decode(Case.self, from: $0) }
    }()

    /// Scalar by scalar: "é" as one and as two are equal strings.
    private func same(_ left: String, _ right: String) -> Bool {
        left.unicodeScalars.elementsEqual(right.unicodeScalars)
    }

    @Test(arguments: cases) func idsAndTextAreThoseOfTheRustLibrary(_ golden: Case) throws {
        let tokenizer = try Tokenizer(json: Data(golden.json.utf8))
        for row in golden.encoded {
            #expect(tokenizer.encode(row.text) == row.ids, "\(golden.name): \(row.text.debugDescription)")
            #expect(same(tokenizer.decode(row.ids), row.decoded), "\(golden.name): \(row.ids)")
            #expect(
                same(tokenizer.decode(row.ids, skippingSpecialTokens: true), row.skipped),
                "\(golden.name): \(row.ids)"
            )
        }
        for row in golden.decoded { #expect(same(tokenizer.decode(row.ids), row.text), "\(golden.name): \(row.ids)") }
    }

    @Test(arguments: cases) func aStreamAddsUpToTheWhole(_ golden: Case) throws {
        let tokenizer = try Tokenizer(json: Data(golden.json.utf8))
        for ids in golden.encoded.map(\.ids) + golden.decoded.map(\.ids) {
            var stream = tokenizer.textStream()
            let bytes = ids.flatMap { stream.append($0) } + stream.finish()
            #expect(same(String(decoding: bytes, as: UTF8.self), tokenizer.decode(ids)))
        }
    }

    @Test(arguments: cases) func aSharedTokenizerGivesTheSameOnManyThreads(_ golden: Case) async throws {
        let tokenizer = try Tokenizer(json: Data(golden.json.utf8))
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    (0..<5).allSatisfy { _ in golden.encoded.allSatisfy { tokenizer.encode($0.text) == $0.ids } }
                }
            }
            for await agrees in group { #expect(agrees) }
        }
    }
}
