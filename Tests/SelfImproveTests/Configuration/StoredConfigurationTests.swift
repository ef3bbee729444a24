import Foundation
import TestSupport
import Testing

@testable import SelfImprove

@Suite struct StoredConfigurationTests {
    private func stored(_ name: String) throws -> CampaignConfiguration {
        try CampaignConfiguration(stored: JSONText(text: StoredConfigurations.text(name)), campaign: name)
    }

    private func shipped(_ name: String) throws -> CampaignConfiguration {
        try CampaignConfiguration.read(
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("configs/\(name).yaml")
        )
    }

    /// The JSON of a configuration, with one member replaced or removed.
    private func changed(_ json: Any, _ path: ArraySlice<String>, to value: Any?) -> Any {
        guard let key = path.first, var members = json as? [String: Any] else { return json }
        members[key] = path.count == 1 ? value : members[key].map { changed($0, path.dropFirst(), to: value) }
        return members
    }

    private func text(_ json: Any) throws -> JSONText {
        JSONText(text: String(decoding: try JSONSerialization.data(withJSONObject: json), as: UTF8.self))
    }

    private func json(_ name: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(StoredConfigurations.text(name).utf8))
    }

    /// Paths of all members, sections included; entries of lists are left out.
    private func paths(_ json: Any) -> [[String]] {
        guard let members = json as? [String: Any] else { return [] }
        return members.keys.sorted().flatMap { key in [[key]] + paths(members[key]!).map { [key] + $0 } }
    }

    @Test(arguments: StoredConfigurations.names) func rowsOfEarlierVersionsAreReadAndWrittenAlike(name: String) throws {
        let configuration = try stored(name)
        #expect(try CampaignConfiguration(stored: JSONText(configuration), campaign: name) == configuration)
    }

    @Test(arguments: ["smoke", "nursery", "elicitation"]) func aCampaignOfAnEarlierVersionGoesOnWithItsOwnFile(
        name: String
    ) throws {
        #expect(try stored("\(name)-0.1.0").differences(from: shipped(name)) == [])
    }

    /// As if an earlier version had not known the key: whatever it is, the row is read, and the key has its default.
    @Test(arguments: StoredConfigurations.names) func aKeyThatIsMissingLocksNoRow(name: String) throws {
        let json = try json(name), required: Set = ["campaign", "student"]
        for path in paths(json) where !required.contains(path[0]) && path[0] != "stop" {
            let text = try text(changed(json, path[...], to: nil))
            #expect(throws: Never.self, "\(path)") { try CampaignConfiguration(stored: text, campaign: name) }
        }
    }

    @Test func aNewKeyWithADefaultIsNoDifferenceUntilItIsUsed() throws {
        let file = ReducedCampaign.yaml([("gate:\n", "gate:\n  slice_margin: 0.1\n")])
        let configuration = try CampaignConfiguration.parse(file, name: "c", directory: URL(fileURLWithPath: "/"))
        let json = try JSONSerialization.jsonObject(with: Data(JSONText(configuration).text.utf8))
        let older = try CampaignConfiguration(
            stored: text(changed(json, ["gate", "sliceMargin"], to: nil)),
            campaign: "reduced"
        )
        #expect(older.gate.sliceMargin == 0.1)
        #expect(try older.differences(from: configuration) == [])
        var used = configuration
        used.gate.sliceMargin = 0.2
        #expect(try older.differences(from: used) == ["gate.sliceMargin"])
    }

    @Test func whatReallyDiffersIsNamed() throws {
        let before = try stored("smoke-0.1.0")
        var after = before
        after.sft.tokens = 10
        after.mixture.temperature = 1
        after.sft.maximumRows = 7
        after.pricePerHour = 2
        after.peers.removeLast()
        after.stop = try StopCriteria(["rounds": "99"])
        #expect(
            try before.differences(from: after) == [
                "mixture.temperature", "peers", "pricePerHour", "sft.maximumRows", "sft.tokens",
            ],
            "criteria may change"
        )
        #expect(try after.differences(from: before).count == 5)
    }

    @Test(arguments: [
        (["sft", "tokens"], "sft.tokens has the wrong type"), (["student"], "student has the wrong type"),
        (["gate"], "gate has the wrong type"),
    ]) func aRowThatCannotBeReadIsOneLineThatNamesTheKey(path: [String], words: String) throws {
        let text = try text(changed(json("smoke-0.1.0"), path[...], to: ["b"]))
        let error = #expect(throws: SelfImproveError.self) {
            try CampaignConfiguration(stored: text, campaign: "old")
        }
        #expect(error?.code == .damaged)
        #expect(error?.description.hasPrefix("old: the stored configuration cannot be read: \(words)") == true)
    }

    @Test func aRowWithoutWhatHasNoDefaultCannotBeRead() throws {
        let text = try text(changed(json("smoke-0.1.0"), ["campaign"], to: nil))
        let error = #expect(throws: SelfImproveError.self) {
            try CampaignConfiguration(stored: text, campaign: "old")
        }
        #expect(error?.message == "the stored configuration cannot be read: campaign is missing")
    }
}
