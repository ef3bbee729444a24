import Foundation
import Yams

/// Keys that stand twice in a mapping. Yams refuses the whole file for one, and with it every other fault would stay unseen: so the
/// second one is renamed and reading goes on; `ConfigurationSection` reports it where it stands.
enum RepeatedKeys {
    private static let mark = "//repeated-"
    /// Each costs reading the whole file again; one more than so many and nothing else is reported.
    private static let most = 20

    /// The key that a renamed one stood for.
    static func original(of key: String) -> String? { key.range(of: mark).map { String(key[..<$0.lowerBound]) } }

    /// - Throws: `YamlError`, also for a repeated key that does not begin a line of its own (`{a: 1, a: 2}`).
    static func compose(_ yaml: String) throws -> Node? {
        var lines = yaml.components(separatedBy: "\n")
        var renamed = 0
        while true {
            do { return try Yams.compose(yaml: lines.joined(separator: "\n")) } catch let error as YamlError {
                guard case .duplicatedKeysInMapping(let keys, let context) = error, let key = keys.first else {
                    throw error
                }
                let indentation = String(repeating: " ", count: max(context.mark.column - 1, 0))
                guard
                    let second = lines.indices.first(where: {
                        $0 >= context.mark.line && lines[$0].hasPrefix("\(indentation)\(key):")
                    })
                else { throw error }
                renamed += 1
                guard renamed <= most else { throw error }
                lines[second] =
                    "\(indentation)\(key)\(mark)\(second)" + lines[second].dropFirst(indentation.count + key.count)
            }
        }
    }
}
