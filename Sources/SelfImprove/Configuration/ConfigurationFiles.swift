import Foundation

/// Which files a configuration may name, and what relative paths are relative to.
struct ConfigurationFiles {
    let directory: URL
    /// Files must lie in it; nil: anywhere.
    private let fence: String?
    private let absent: AbsentFiles?

    /// - Parameters:
    ///   - within: for configurations that come from the network.
    ///   - absent: notes what is not there, which then is no fault; nil: it is one.
    init(directory: URL, within fence: URL? = nil, absent: AbsentFiles? = nil) {
        self.directory = directory
        self.absent = absent
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

    /// Whether a file that is not there is none of the configuration's faults.
    func mayLack(_ path: String) -> Bool {
        absent?.note(path)
        return absent != nil
    }

    /// Symbolic links are followed before it is decided.
    func allows(_ path: String) -> Bool {
        guard let fence else { return true }
        return URL(fileURLWithPath: path).resolvingSymlinksInPath().path.hasPrefix(fence + "/")
    }
}
