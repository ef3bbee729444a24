import COpenBLAS
import Foundation
import ModelFiles

/// Speed of one task on one model, measured in this process, next to the peak speed of the processor.
public struct SpeedMeasurement: Sendable, Codable {
    public enum Task: String, Sendable, Codable, CaseIterable { case train, dpo, prefill, decode }

    public var task: Task
    public var batch: Int
    public var length: Int
    /// Of matrix products in training.
    public var precision: Precision
    public var threads: Int
    /// Median over the counted repetitions. Training counts the tokens of its sequences, and DPO those of both
    /// completions with their prompts, also where a common prompt goes through the model once; decoding counts the
    /// tokens after each sequence's first, over the time after the prefill.
    public var tokensPerSecond: Double
    /// Decoding: all new tokens over the whole time, the prefill of prompts of `promptLength` tokens included.
    public var generatedTokensPerSecond: Double?
    public var slowest: Double
    public var fastest: Double
    public var repetitions: Int
    /// Arithmetic of the matrix products (6 per parameter and token in training, 2 in inference; attention left out)
    /// over the peak.
    public var modelFLOPsUtilization: Double
    /// The fastest of OpenBLAS's sgemm, our own panels and, where the work is in bf16, panels of pairs on 512^3
    /// products, one per thread, in this process, before and after the work.
    public var peakGFLOPs: Double
    public var peakRSSBytes: Int
    /// Of weights, keys and values in inference.
    public var weightFormat: WeightFormat?
    /// Bytes of weights that a decoding step reads, times the steps per second, over 1e9.
    public var weightGBPerSecond: Double?

    enum CodingKeys: String, CodingKey {
        case task, batch, length, precision, threads, slowest, fastest, repetitions
        case tokensPerSecond = "tokens_per_second"
        case generatedTokensPerSecond = "generated_tokens_per_second"
        case modelFLOPsUtilization = "model_flops_utilization"
        case peakGFLOPs = "peak_gflops"
        case peakRSSBytes = "peak_rss_bytes"
        case weightFormat = "weight_precision"
        case weightGBPerSecond = "weight_gb_per_second"
    }

    /// Tokens of each prompt that is decoded from.
    static let promptLength = 32

    /// Runs the task on random ids: one warm-up, then `repetitions` counted ones.
    ///
    /// - Parameter commonPrompt: with `dpo`, ids that both sequences of a pair begin with, and which are no targets; 0:
    ///   they have nothing in common, and everything is trained.
    public static func measure(
        _ task: Task,
        weights: Weights,
        batch: Int,
        length: Int,
        threads: Int,
        repetitions: Int,
        training precision: Precision = .fp32,
        inference weightPrecision: Precision? = nil,
        format: WeightFormat? = nil,
        cache: Precision? = nil,
        commonPrompt: Int = 0,
        clock: ContinuousClock = ContinuousClock()
    ) throws -> SpeedMeasurement {
        let c = weights.configuration
        let isTraining = task == .train || task == .dpo
        let arithmetic = isTraining ? precision : weightPrecision ?? .fp32
        let peakBefore = peakGFLOPs(arithmetic, threads: threads, clock: clock)
        var random = RandomStream(key: 1)
        func ids(_ count: Int) -> [Int] { (0..<count).map { _ in random.integer(below: c.vocabularySize) } }
        let settings = OptimizationSettings(
            optimizer: .adamW,
            learningRate: 1e-5,
            schedule: .constant,
            totalSteps: repetitions + 1,
            weightDecay: 0.01
        )
        var tokens = 0
        /// Of `tokens`, the share that goes through the products.
        var computed = 1.0
        var inference: InferenceEngine?
        let once: () throws -> Void
        var prefill: (() throws -> Void)?
        switch task {
        case .train:
            let trainer = try SFTTrainer(weights: weights, settings: settings, precision: precision, threads: threads)
            tokens = batch * length
            once = { _ = try trainer.step((0..<batch).map { _ in Example(ids: ids(length), promptCount: 1) }) }
        case .dpo:
            let trainer = try DPOTrainer(
                weights: weights,
                settings: settings,
                beta: 0.1,
                precision: precision,
                threads: threads
            )
            tokens = 2 * batch * length
            guard commonPrompt < length else {
                throw LocalLMError(
                    .input,
                    "a prompt of \(commonPrompt) of \(length) tokens leaves no completion",
                    hint: "take a shorter one"
                )
            }
            once = {
                let step = try trainer.step(
                    (0..<batch).map { _ in
                        let prompt = ids(commonPrompt)
                        func completed() -> Example {
                            Example(ids: prompt + ids(length - commonPrompt), promptCount: max(1, commonPrompt))
                        }
                        let pair = PreferenceExample(chosen: completed(), rejected: completed())
                        return ReferencedPair(pair: pair, referenceChosen: 0, referenceRejected: 0)
                    }
                )
                computed = Double(step.tokens) / Double(tokens)
            }
        case .prefill, .decode:
            let engine = InferenceEngine(
                weights: weights,
                threads: threads,
                precision: weightPrecision,
                format: format,
                cache: cache
            )
            inference = engine
            let isPrefill = task == .prefill
            tokens = batch * (isPrefill ? length : length - 1)
            guard tokens > 0 else {
                throw LocalLMError(
                    .input,
                    "decoding is measured from a second token on",
                    hint: "take a length of 2 or more"
                )
            }
            func generate(_ count: Int) throws {
                let sampling = Sampling(temperature: 1, maximumTokens: count, ignoresEOS: true)
                let prompts = (0..<batch).map {
                    GenerationRequest(ids: ids(isPrefill ? length : promptLength), key: UInt64($0))
                }
                _ = try engine.generate(prompts, sampling: sampling)
            }
            once = { try generate(isPrefill ? 1 : length) }
            if !isPrefill { prefill = { try generate(1) } }
        }
        try once()
        var seconds: [Double] = []
        var whole: [Double] = []
        for _ in 0..<repetitions {
            let before = try prefill.map { prefill in try clock.measure { try prefill() }.seconds } ?? 0
            whole.append(try clock.measure { try once() }.seconds)
            seconds.append(max(whole.last! - before, 1e-9))
        }
        // A machine's pace changes: the peak is what it was at its best, before the work or after it.
        let peak = max(peakBefore, peakGFLOPs(arithmetic, threads: threads, clock: clock))
        seconds.sort()
        whole.sort()
        let perToken = Double(task == .train || task == .dpo ? 6 : 2) * Double(c.matrixParameterCount)
        let rate = Double(tokens) / seconds[seconds.count / 2]
        return SpeedMeasurement(
            task: task,
            batch: batch,
            length: length,
            precision: precision,
            threads: threads,
            tokensPerSecond: rate,
            generatedTokensPerSecond: task == .decode ? Double(batch * length) / whole[whole.count / 2] : nil,
            slowest: Double(tokens) / seconds.last!,
            fastest: Double(tokens) / seconds.first!,
            repetitions: repetitions,
            modelFLOPsUtilization: rate * computed * perToken / (peak * 1e9),
            peakGFLOPs: peak,
            peakRSSBytes: peakRSS(),
            weightFormat: inference?.weightFormat,
            weightGBPerSecond: task == .decode
                ? inference.map { rate / Double(batch) * Double($0.bytesPerStep) * 1e-9 } : nil
        )
    }

    private static func peakGFLOPs(_ precision: Precision, threads: Int, clock: ContinuousClock) -> Double {
        let n = 512
        let pool = WorkerPool(threads: threads)
        defer { pool.close() }
        _ = BLASKernel.current  // one thread per call: the pool's threads are the parallelism
        let operands = (0..<threads).map { _ in
            (FloatBuffer(count: n * n), FloatBuffer(count: n * n), FloatBuffer(count: n * n))
        }
        var products: [@Sendable (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void] = [
            { a, b, c in
                Panels.multiply(
                    rows: n,
                    columns: n,
                    depth: n,
                    a,
                    leading: n,
                    panels: b,
                    c,
                    leading: n,
                    accumulate: false
                )
            },
            { a, b, c in
                let size = Int32(n)
                cblas_sgemm(
                    CblasRowMajor,
                    CblasNoTrans,
                    CblasNoTrans,
                    size,
                    size,
                    size,
                    1,
                    a,
                    size,
                    b,
                    size,
                    0,
                    c,
                    size
                )
            },
        ]
        if precision == .bf16 {
            products.append { a, b, c in
                PairProduct.multiply(
                    rows: n,
                    columns: n,
                    depth: n,
                    UnsafeRawPointer(a).assumingMemoryBound(to: UInt16.self),
                    leading: n,
                    panels: UnsafeRawPointer(b).assumingMemoryBound(to: UInt32.self),
                    c,
                    leading: n,
                    accumulate: false
                )
            }
        }
        var best = 0.0
        for product in products {
            for _ in 0..<8 {
                let elapsed = clock.measure {
                    pool.run { index in
                        let (a, b, c) = operands[index]
                        for _ in 0..<4 { product(a.pointer, b.pointer, c.pointer) }
                    }
                }
                best = max(best, Double(threads * 4 * 2 * n * n * n) / elapsed.seconds * 1e-9)
            }
        }
        return best
    }

    private static func peakRSS() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}

extension ModelConfiguration {
    /// Parameters that take part in matrix products: the layers' matrices and the output projection.
    var matrixParameterCount: Int {
        let layer = hiddenSize * attentionRowWidth + queryWidth * hiddenSize + 3 * hiddenSize * intermediateSize
        return layerCount * layer + vocabularySize * hiddenSize
    }
}
