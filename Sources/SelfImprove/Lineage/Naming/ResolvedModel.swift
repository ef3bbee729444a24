import Foundation

/// A model that a person named: by directory, GGUF file, digest or alias.
public struct ResolvedModel: Sendable, Equatable {
    /// The directory, or the file.
    public var directory: URL
    /// Known for models of the lineage; such a directory is verified against it before it is loaded.
    public var digest: String?
    public var record: ModelRecord?

    public init(directory: URL, digest: String? = nil, record: ModelRecord? = nil) {
        self.directory = directory
        self.digest = digest
        self.record = record
    }
}
