import Foundation
import LocalLM

/// One input: the bytes of each of the files that it stands for.
public typealias FuzzInput = [[UInt8]]

/// A format that comes from outside: how inputs are made of valid ones, and what must hold of those that are accepted.
public protocol FuzzTarget {
    static var name: String { get }

    /// - Parameter folder: an empty folder of this target's own.
    init(folder: URL) throws

    /// A mutated input. It depends on the random numbers alone.
    func input(_ random: inout RandomStream) -> FuzzInput

    /// Reads an input and uses what it holds.
    /// - Throws: `LocalLMError` where the input is refused, `FuzzFault` where it was accepted and does not keep its
    ///   promises.
    func read(_ input: FuzzInput) throws
}

/// All formats.
public enum FuzzTargets {
    public static var all: [any FuzzTarget.Type] {
        [
            SafeTensorsTarget.self, ShardsTarget.self, ConfigurationTarget.self, RowsTarget.self, TokenizerTarget.self,
            TemplateTarget.self, GGUFTarget.self, ArchiveTarget.self, PanelsTarget.self,
        ]
    }

    public static func named(_ name: String) -> (any FuzzTarget.Type)? { all.first { $0.name == name } }
}

/// An accepted input that does not keep its promises.
public struct FuzzFault: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// Throws a fault where `condition` is false.
func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
    guard condition else { throw FuzzFault(what()) }
}
