import Foundation
import TestSupport
import Testing

@testable import SelfImprove

@Suite struct ModelReferenceTests {
    private static let digest = String(repeating: "0123456789abcdef", count: 4)

    @Test("A digest is 64 digits, and everything else is a path") func texts() throws {
        #expect(ModelReference(Self.digest) == .digest(Self.digest))
        for path in [String(Self.digest.dropLast()), Self.digest.uppercased(), "./" + Self.digest, "x" + Self.digest] {
            #expect(ModelReference(path) == .directory(path))
        }
        let reference = ModelReference(Self.digest)
        #expect(try JSONText([reference]).decode([ModelReference].self) == [reference])
    }

    @Test("A peer by its digest takes part as what the state holds") func takesPart() async throws {
        try await withTemporaryDirectory { folder in
            let peers =
                "peers:\n  - {name: letters, model: \(Self.digest)}\n  - {name: numbers, model: nursery/numbers}\n"
                + "  - {name: words, model: nursery/words}\nprompts:"
            let world = try RoundWorld(folder, [("prompts:\n", peers + "\n")], knows: { _ in true })
            let prepared = try await world.prepared()
            #expect(prepared.peers["letters"] == Self.digest)
            try await world.round(1, from: "nursery student")
            #expect(world.journal.rows(DraftRecord.self).contains { $0.model == Self.digest })
        }
    }

    @Test("A plan reads a model by its digest where it lies") func located() throws {
        var configuration = try ReducedCampaign.configuration()
        configuration.student = .digest(Self.digest)
        configuration.peers[0].model = .digest("other")
        configuration.locate { $0 == Self.digest ? "/models/" + $0 : nil }
        #expect(configuration.student == .directory("/models/" + Self.digest))
        #expect(configuration.peers[0].model == .digest("other"))
    }
}
