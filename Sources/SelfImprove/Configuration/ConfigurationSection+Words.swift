import Foundation
import LocalLM
import ModelFiles

extension ConfigurationSection {
    /// A file whose words become part of the configuration: it may change or go while the campaign runs.
    /// - Parameters:
    ///   - text: the path, as the key has it.
    ///   - missing, outside: hints where there is no such file, and where it may not be named.
    ///   - read: from the file's name and its words.
    /// - Returns: nil where there is a fault, which is told, and of an empty path.
    func words<Value>(
        _ key: String,
        _ text: String,
        _ files: ConfigurationFiles,
        missing: String = "relative paths are relative to this file",
        outside: String = "a file within the state directory",
        _ read: (_ name: String, _ words: String) throws -> Value
    ) -> Value? {
        let path = files.absolute(text), url = URL(fileURLWithPath: path)
        if path.isEmpty { return nil }
        do {
            guard files.allows(path) else {
                fault(key, "lies outside of what a request may name", hint: outside)
                return nil
            }
            guard let words = try FileReader.text(url) else {
                fault(key, "there is no file \(path)", hint: missing)
                return nil
            }
            return try read(url.lastPathComponent, words)
        } catch let error as SelfImproveError {
            fault(key, "\(path): \(error.message)", hint: error.hint)
        } catch {
            fault(key, "\((error as? LocalLMError)?.message ?? "\(error)")", hint: "a file of words")
        }
        return nil
    }
}
