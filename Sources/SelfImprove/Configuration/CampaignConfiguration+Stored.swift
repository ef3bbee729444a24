import Foundation
import ModelFiles
import Yams

/// Configurations as the lineage keeps them: resolved, in the JSON of whichever version began the campaign.
extension CampaignConfiguration {
    /// Reads a stored configuration. A key that its version did not have yet gets its default.
    /// - Parameter campaign: whose it is, for the message.
    /// - Throws: `.damaged`, naming the key.
    public init(stored: JSONText, campaign: String) throws {
        do {
            var value = try stored.decode(JSONValue.self)
            let defaults = try Self.defaults(usesNursery: value[["nursery"]] != nil)
            while true {
                do {
                    self = try JSONText(value).decode()
                    return
                } catch DecodingError.keyNotFound(let key, let context) {
                    let path = (context.codingPath + [key]).map(\.stringValue)
                    guard let fallback = defaults[path] else { throw DecodingError.keyNotFound(key, context) }
                    value[path] = fallback
                }
            }
        } catch let error as DecodingError {
            throw SelfImproveError(
                .damaged,
                "the stored configuration cannot be read: \(error.words(of: "the configuration"))",
                context: campaign,
                hint: "use the version of the program that began the campaign"
            )
        }
    }

    /// The keys in which `other` asks for something else; what both leave to the program is no difference, and neither
    /// are stop criteria, nor how endpoints may be used, which may change while a campaign runs.
    /// - Returns: paths such as `sft.tokens`, sorted.
    public func differences(from other: CampaignConfiguration) throws -> [String] {
        func json(_ configuration: CampaignConfiguration) throws -> JSONValue {
            var configuration = configuration
            configuration.stop = StopCriteria()
            configuration.peers = configuration.peers.map(\.withoutUse)
            return try JSONText(configuration).decode()
        }
        return try Self.differences(json(self), json(other), Self.defaults(usesNursery: nursery != nil), path: [])
    }

    /// A key that one side lacks was not written there: it stands for its default.
    private static func differences(_ a: JSONValue?, _ b: JSONValue?, _ fallback: JSONValue?, path: [String])
        -> [String]
    {
        if case .object(let a) = a, case .object(let b) = b {
            return Set((a + b).map(\.key)).sorted().flatMap { key in
                differences(a.value(key), b.value(key), fallback?[[key]], path: path + [key])
            }
        }
        return (a ?? fallback) == (b ?? fallback) ? [] : [path.joined(separator: ".")]
    }

    /// What a file reads as that says nothing, except whether there is a nursery. Keys without a default are left out.
    private static func defaults(usesNursery: Bool) throws -> JSONValue {
        let faults = FaultCollector()
        let root = try Yams.compose(yaml: usesNursery ? "nursery: {}" : "{}")
        let configuration = read(
            ConfigurationSection(root, path: "", faults: faults),
            ConfigurationFiles(directory: URL(fileURLWithPath: "/"))
        )
        var defaults = try JSONText(configuration).decode(JSONValue.self)
        for fault in faults.faults { defaults[fault.key.split(separator: ".").map(String.init)] = nil }
        return defaults
    }
}

extension JSONValue {
    /// The value at a path of keys; nil where there is none, or no object on the way.
    fileprivate subscript(path: [String]) -> JSONValue? {
        get {
            guard let key = path.first else { return self }
            guard case .object(let members) = self else { return nil }
            return members.value(key)?[Array(path.dropFirst())]
        }
        set {
            guard let key = path.first, case .object(let members) = self else { return }
            guard path.count > 1 else { return self = setting(key, newValue) }
            guard var member = members.value(key) else { return }
            member[Array(path.dropFirst())] = newValue
            self = setting(key, member)
        }
    }
}

extension [JSONValue.Member] {
    fileprivate func value(_ key: String) -> JSONValue? { first { $0.key == key }?.value }
}

extension CampaignConfiguration.Peer {
    /// An endpoint's limits, prices and budget change no answer: who answers stays the same.
    fileprivate var withoutUse: CampaignConfiguration.Peer {
        guard case .endpoint(let settings) = model else { return self }
        let bare = EndpointSettings(name: settings.name, address: settings.address, servedModel: settings.servedModel)
        return CampaignConfiguration.Peer(name: name, model: .endpoint(bare))
    }
}
