import Foundation
import TestSupport
import Testing

@testable import ModelFiles

/// What a small file can ask for is bounded: time, memory, and the length of what is said about it.
@Suite struct LimitsTests {
    private func configuration(_ more: String) throws -> ModelConfiguration {
        let text =
            #"{"model_type":"llama","hidden_size":8,"intermediate_size":8,"num_attention_heads":2,"num_hidden_layers":1,"vocab_size":100000\#(more)}"#
        return try HuggingFaceConfiguration.read(
            try JSONParser.parse(text.utf8, context: "config.json"),
            context: "config.json"
        )
    }

    @Test func endsOfASequenceAreFew() throws {
        func ids(_ count: Int) -> String {
            #","eos_token_id":[\#((0..<count).map(String.init).joined(separator: ","))]"#
        }
        #expect(try configuration(ids(256)).eosTokenIDs.count == 256)
        #expect { try configuration(ids(257)) } throws: { "\($0)".contains("config.json: eos_token_id holds 257 ids") }
    }

    @Test func aTableOfPositionsFitsIntoMemory() throws {
        #expect(try configuration(#","head_dim":256,"max_position_embeddings":4194304"#).maximumPositions == 1 << 22)
        #expect { try configuration(#","head_dim":258,"max_position_embeddings":4194304"#) } throws: {
            "\($0)".contains("config.json: its dimensions")
        }
    }

    @Test func aConfigurationOfManyMegabytesIsRefused() throws {
        try withTemporaryDirectory { folder in
            let url = folder.appendingPathComponent("config.json")
            try Data("{}".utf8).write(to: url)
            #expect(try FileReader.json(url)?.members?.isEmpty == true)
            try Data("[\(String(repeating: "0,", count: 1 << 18))0]".utf8).write(to: url)
            #expect { try FileReader.json(url) } throws: {
                "\($0)".contains("config.json: not valid JSON: more values")
            }
            truncate(url.path, FileReader.longestConfiguration + 1)
            #expect { try FileReader.json(url) } throws: {
                "\($0)".contains("config.json: is too large: 4194305 bytes, at most 4194304 are read")
            }
        }
    }

    @Test func valuesAreCounted() throws {
        #expect(try JSONParser.parse("[1,[2],3]".utf8, context: "f", maximumValues: 5).array?.count == 3)
        #expect { try JSONParser.parse("[1,[2],3]".utf8, context: "f", maximumValues: 4) } throws: {
            "\($0)".contains("f: not valid JSON: more values")
        }
    }

    @Test func emptyLinesCostNothingAndAreCounted() throws {
        let data = Data([UInt8](repeating: 0x0A, count: 1_000_000) + Array("{}".utf8))
        #expect { try JSONLines.decode(SFTRow.self, data, name: "rows") } throws: {
            "\($0)".hasPrefix("rows:1000001: prompt is missing")
        }
    }

    @Test func anErrorIsOneShortLineWhateverAFileSays() {
        let error = LocalLMError(
            .damaged,
            "a\nb\u{1B}[2J\u{2028}\u{85}é",
            context: "e" + String(repeating: "\u{301}", count: 1_000_000)
        )
        #expect(error.message == #"a\nb\u{1B}[2J\u{2028}\u{0085}é"#)
        #expect(error.description.utf8.count < 6000)
    }
}
