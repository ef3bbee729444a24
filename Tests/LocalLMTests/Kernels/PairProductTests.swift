import CTiles
import ModelFiles
import Testing

@testable import LocalLM

/// Products of bf16 against their definition, bit by bit.
@Suite struct PairProductTests {
    private static func halves(_ count: Int, seed: UInt64) -> [UInt16] {
        var random = RandomStream(key: seed)
        return (0..<count).map { _ in BFloat16.rounded(Float(random.normal())) }
    }

    private struct Matrices {
        let m: Int, n: Int, k: Int
        /// m x `leading`, and k x n.
        let a: [UInt16], b: [UInt16]
        var leading: Int { k + 3 }
        let panels: [UInt32]
        let start: [Float]

        init(_ m: Int, _ n: Int, _ k: Int) {
            (self.m, self.n, self.k) = (m, n, k)
            a = halves(m * (k + 3), seed: 1)
            b = halves(k * n, seed: 2)
            start = halves(m * (n + 2), seed: 3).map(BFloat16.widened)
            var panels = [UInt32](repeating: .max, count: PairPanels.count(depth: k, columns: n))
            PairPanels.pack(rows: b, leading: n, depth: k, columns: n, into: &panels)
            self.panels = panels
        }

        func product(_ set: InstructionSet, accumulate: Bool) -> [Float] {
            var c = start
            PairProduct.multiply(
                rows: m,
                columns: n,
                depth: k,
                a,
                leading: leading,
                panels: panels,
                &c,
                leading: n + 2,
                accumulate: accumulate,
                kernels: TileKernels(set)
            )
            return c
        }

        /// Intel's manual: `vdpbf16ps`, or `tdpbf16ps` on blocks of 32.
        func definition(hasTiles: Bool, accumulate: Bool) -> [Float] {
            func term(_ i: Int, _ j: Int, _ p: Int) -> (Float, Float) {
                p < k ? (BFloat16.widened(a[i * leading + p]), BFloat16.widened(b[p * n + j])) : (0, 0)
            }
            var c = start
            for i in 0..<m {
                for j in 0..<n {
                    var sum = accumulate ? c[i * (n + 2) + j] : 0
                    for block in stride(from: 0, to: k, by: hasTiles ? 32 : 2) {
                        var even = hasTiles ? 0 : sum, odd: Float = 0
                        for p in stride(from: block, to: min(k, block + (hasTiles ? 32 : 2)), by: 2) {
                            let first = term(i, j, p), second = term(i, j, p + 1)
                            if hasTiles {
                                even.addProduct(first.0, first.1)
                                odd.addProduct(second.0, second.1)
                            } else {
                                even.addProduct(second.0, second.1)
                                even.addProduct(first.0, first.1)
                            }
                        }
                        sum = hasTiles ? sum + (even + odd) : even
                    }
                    c[i * (n + 2) + j] = sum
                }
            }
            return c
        }
    }

    /// One row and many, whole tiles and what is left of them, depths that end within a pair and within a tile, and one
    /// that passes by in two parts. What lies beside the result stays.
    @Test(arguments: [(1, 1, 1), (3, 33, 2), (17, 31, 31), (16, 64, 32), (33, 70, 95), (48, 130, 65), (5, 32, 2085)])
    func everyInstructionSetGivesItsBits(shape: (Int, Int, Int)) {
        let matrices = Matrices(shape.0, shape.1, shape.2)
        for accumulate in [true, false] {
            for set in InstructionSet.here {
                let expected = matrices.definition(hasTiles: set == .amx, accumulate: accumulate)
                #expect(matrices.product(set, accumulate: accumulate) == expected, "\(set) \(shape)")
            }
        }
    }

    /// So a sequence gets the same bits alone and among others.
    @Test func aRowsBitsAreItsOwn() {
        let many = Matrices(37, 40, 100)
        for set in InstructionSet.here {
            let together = many.product(set, accumulate: false)
            for row in [0, 15, 16, 31, 36] {
                var alone = [Float](repeating: 0, count: 40)
                PairProduct.multiply(
                    rows: 1,
                    columns: 40,
                    depth: 100,
                    Array(many.a[(row * many.leading)...]),
                    leading: many.leading,
                    panels: many.panels,
                    &alone,
                    leading: 40,
                    accumulate: false,
                    kernels: TileKernels(set)
                )
                #expect(alone[...] == together[(row * 42)..<(row * 42 + 40)], "\(set), row \(row)")
            }
        }
    }

    /// Denormals count as zero on every processor; what is no number stays none.
    @Test func extremesAreTheSameEverywhere() {
        let tiny = BFloat16.rounded(.leastNonzeroMagnitude * 0x1p20), huge = BFloat16.rounded(0x1p127)
        let small = BFloat16.rounded(0x1p-100)
        let rows: [[UInt16]] = [[tiny, tiny], [huge, huge], [small, 0], [BFloat16.rounded(.nan), 0]]
        for set in InstructionSet.here {
            for (row, expected) in zip(rows, [0, Float.infinity, 0, .nan]) {
                var panel = [UInt32](repeating: 0, count: PairPanels.count(depth: 2, columns: 1)), c: [Float] = [7]
                PairPanels.pack(rows: row, leading: 1, depth: 2, columns: 1, into: &panel)
                let other = [row[0] == tiny ? BFloat16.rounded(0x1p126) : row[0], row[1]]
                PairProduct.multiply(
                    rows: 1,
                    columns: 1,
                    depth: 2,
                    other,
                    leading: 2,
                    panels: panel,
                    &c,
                    leading: 1,
                    accumulate: false,
                    kernels: TileKernels(set)
                )
                #expect(c[0] == expected || c[0].isNaN && expected.isNaN, "\(set): \(c[0])")
            }
        }
    }

    @Test(arguments: [(1, 1), (31, 7), (32, 32), (50, 41), (100, 33)]) func packingTurnsAndPairs(shape: (Int, Int)) {
        let (k, n) = shape, b = Self.halves(k * n, seed: 4)
        var turned = [UInt16](repeating: 0, count: n * k)
        ctiles_transpose(b, n, k, n, &turned, k)
        #expect(turned == (0..<n * k).map { b[$0 % k * n + $0 / k] })
        var rows = [UInt32](repeating: .max, count: PairPanels.count(depth: k, columns: n)), columns = rows
        PairPanels.pack(rows: b, leading: n, depth: k, columns: n, into: &rows)
        PairPanels.pack(columns: turned, leading: k, depth: k, columns: n, into: &columns)
        #expect(rows == columns)
        let words = PairPanels.words(depth: k)
        for (place, word) in rows.enumerated() {
            let p = place % words / 32 * 2, j = place / words * 32 + place % 32
            func value(_ p: Int) -> UInt32 { p < k && j < n ? UInt32(b[p * n + j]) : 0 }
            #expect(word == value(p) | value(p + 1) << 16)
        }
    }

    @Test func aNameThatThisProcessorDoesNotHaveIsRefused() throws {
        #expect(try InstructionSet.named(by: [:]) == nil)
        #expect(try InstructionSet.named(by: [InstructionSet.variable: "avx2"]) == .avx2)
        let error = #expect(throws: LocalLMError.self) {
            try InstructionSet.named(by: [InstructionSet.variable: "sse9"])
        }
        #expect("\(try #require(error))".contains("avx2"))
    }
}
