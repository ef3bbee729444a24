import Synchronization

/// Byte-pair encoding (Sennrich et al. 2016): a word starts as the tokens of its symbols, and the adjacent pair of the
/// lowest rank is merged, leftmost first, until no pair of the table is left.
///
/// Safe to share: every call borrows a workspace, which also remembers the words it has seen.
final class BytePairEncoder: Sendable {
    private let symbols: SymbolTable
    /// (left, right) -> (rank, merged).
    private let merges: PairTable
    private let cuts: MergeBoundaries?
    /// With `ignore_merges`, words that are tokens themselves.
    private let wholeWords: TokenTable?
    private let idle = Mutex<[EncodingWorkspace]>([])

    /// From this length on, a heap finds the next pair; below, a scan is faster.
    private static let heapLength = 48
    /// Longer words (whole texts, where nothing splits them) are cut where no merge can reach across.
    private static let cutLength = 24

    init(symbols: SymbolTable, merges: PairTable, cuts: MergeBoundaries?, wholeWords: TokenTable?) {
        self.symbols = symbols
        self.merges = merges
        self.cuts = cuts
        self.wholeWords = wholeWords
    }

    func withWorkspace(_ body: (EncodingWorkspace) -> Void) {
        let workspace = idle.withLock { $0.popLast() } ?? EncodingWorkspace()
        body(workspace)
        idle.withLock { $0.append(workspace) }
    }

    /// Appends the ids of one word (a piece between two cuts of the pre-tokenizer).
    @inline(__always)
    func encode(_ word: UnsafeBufferPointer<UInt8>, _ workspace: EncodingWorkspace, into ids: inout [Int]) {
        if workspace.cache.append(word, to: &ids) { return }
        encodeNew(word, workspace, into: &ids)
    }

    @inline(never)
    private func encodeNew(_ word: UnsafeBufferPointer<UInt8>, _ workspace: EncodingWorkspace, into ids: inout [Int]) {
        if let id = wholeWords?[word] {
            ids.append(Int(id))
            return
        }
        guard let cuts, word.count >= Self.cutLength else { return encodePart(word, workspace, into: &ids) }
        var start = 0
        while start < word.count {
            let end = cuts.next(in: word, after: start)
            let part = UnsafeBufferPointer(start: word.baseAddress! + start, count: end - start)
            if !workspace.parts.append(part, to: &ids) { encodePart(part, workspace, into: &ids, isPart: true) }
            start = end
        }
    }

    private func encodePart(
        _ word: UnsafeBufferPointer<UInt8>,
        _ workspace: EncodingWorkspace,
        into ids: inout [Int],
        isPart: Bool = false
    ) {
        symbols.read(word, into: &workspace.symbols)
        if workspace.symbols.count < Self.heapLength {
            workspace.mergeByScan(merges)
        } else {
            workspace.mergeByHeap(merges)
        }
        workspace.symbols.withUnsafeBufferPointer { result in
            for id in result { ids.append(Int(id)) }
            if isPart { workspace.parts.insert(word, result) } else { workspace.cache.insert(word, result) }
        }
    }
}
