import Foundation

/// Which files a configuration may name, and what relative paths are relative to.
struct ConfigurationFiles {
    let directory: URL
    /// Files must lie in it; nil: anywhere.
    private let fence: String?

    /// - Parameter within: for configurations that come from the network.
    init(directory: URL, within fence: URL? = nil) {
        self.directory = directory
        self.fence = fence.map { $0.resolvingSymlinksInPath().path }
    }

    /// Whether the configuration came over the network.
    var isConfined: Bool { fence != nil }

    /// So that a campaign is resumed from wherever it is called.
    func absolute(_ path: String) -> String {
        if path.isEmpty { return path }
        let path = (path as NSString).expandingTildeInPath
        return (path.hasPrefix("/") ? URL(fileURLWithPath: path) : directory.appendingPathComponent(path))
            .standardizedFileURL.path
    }

    /// Symbolic links are followed before it is decided.
    func allows(_ path: String) -> Bool {
        guard let fence else { return true }
        return URL(fileURLWithPath: path).resolvingSymlinksInPath().path.hasPrefix(fence + "/")
    }
}
