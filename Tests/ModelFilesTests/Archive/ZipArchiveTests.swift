import Foundation
import TestSupport
import Testing

@testable import FuzzTargets
@testable import ModelFiles

/// Zip archives: content comes out as it went in, and what is damaged throws.
@Suite struct ZipArchiveTests {
    private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("LocalLMTests/Golden/gguf")

    private func content(_ archive: ZipArchive) throws -> Data {
        var data = Data()
        try archive.read(archive.entry(endingIn: ".gguf")) { data.append(contentsOf: $0) }
        return data
    }

    private func archive(_ bytes: [UInt8]) throws -> Data {
        try withTemporaryDirectory { folder in
            let url = folder.appendingPathComponent("a.whl")
            try Data(bytes).write(to: url)
            return try content(ZipArchive(url))
        }
    }

    @Test func aWheelOfPythonHoldsWhatWasPutIn() throws {
        let archive = try ZipArchive(Self.golden.appendingPathComponent("tiny.whl"))
        #expect(try content(archive) == Data(contentsOf: Self.golden.appendingPathComponent("tiny.gguf")))
    }

    @Test func storedAndDeflatedContentComesOut() throws {
        #expect(try archive(ArchiveSeeds.all[0]).count > 500)
        #expect(try archive(ArchiveSeeds.all[0]).prefix(120) == archive(ArchiveSeeds.all[1]))
        #expect(
            try archive(ArchiveSeeds.all[2]) == Data(String(repeating: "aaaaaaaaaaaaaaaaaaaaaaaaaaaab", count: 40).utf8)
        )
        #expect(try archive(ArchiveSeeds.all[3]) == Data("abc".utf8))
    }

    /// Every single bit: an archive with one flipped gives the right bytes or an error.
    @Test(arguments: [0, 1, 3]) func oneWrongBitNeverGivesOtherBytes(seed: Int) throws {
        let bytes = ArchiveSeeds.all[seed], right = try archive(bytes)
        var refused = 0
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= UInt8(1 << (bit % 8))
            do {
                let found = try archive(damaged)
                #expect(found == right, "bit \(bit)")
            } catch is LocalLMError { refused += 1 }
        }
        #expect(refused > bytes.count)
    }

    @Test func severalModelsOrNoneAreNamed() throws {
        try withTemporaryDirectory { folder in
            let url = folder.appendingPathComponent("a.whl")
            try Data(ArchiveSeeds.all[3]).write(to: url)
            let archive = try ZipArchive(url)
            #expect { try archive.entry(endingIn: ".bin") } throws: {
                "\($0)".contains("holds no .bin file among its 2")
            }
            try Data(ArchiveSeeds.all[0].dropLast(30)).write(to: url)
            #expect { try ZipArchive(url) } throws: { "\($0)".contains("cut off") }
        }
    }
}
