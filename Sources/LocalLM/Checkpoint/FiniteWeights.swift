import ModelFiles

/// Weights that are infinite or no numbers are no model: they are neither read nor written.
enum FiniteWeights {
    /// - Parameter place: the tensor, for the error.
    /// - Throws: `LocalLMError`, with how many of them are not.
    static func require(_ values: UnsafeBufferPointer<Float>, _ place: @autoclosure () -> String) throws {
        var wrong = 0
        for value in values where !isFinite(value) { wrong += 1 }
        guard wrong == 0 else {
            throw LocalLMError(
                .damaged,
                "\(wrong) of its \(values.count) weights are infinite or no numbers",
                context: place()
            )
        }
    }

    static func holds(_ values: UnsafeBufferPointer<Float>) -> Bool { values.allSatisfy(isFinite) }

    /// Of the bits: nothing that the compiler assumes of numbers can take it away.
    private static func isFinite(_ value: Float) -> Bool { value.bitPattern & 0x7F80_0000 != 0x7F80_0000 }
}

extension Weights {
    package var isFinite: Bool { FiniteWeights.holds(UnsafeBufferPointer(start: buffer.pointer, count: layout.count)) }
}

extension Adapter {
    package var isFinite: Bool { FiniteWeights.holds(UnsafeBufferPointer(start: buffer.pointer, count: buffer.count)) }
}
