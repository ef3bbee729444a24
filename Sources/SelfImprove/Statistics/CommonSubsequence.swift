/// The length of the longest common subsequence of two lists of numbers, 64 elements at a time.
///
/// Crochemore et al., "A fast and practical bit-vector algorithm for the longest common subsequence problem" (2001), as
/// simplified by Hyyrö (2004): V starts as ones; for each element y of b, with M its places in a,
///
///     U = V & M,  V = (V + U) | (V - U)
///
/// and the zeros left in V are the length. Blocks of 64 elements of `a` are walked one after the other, with the
/// carries of the addition kept from block to block, so that memory is linear in the lists and not words times distinct
/// words.
struct CommonSubsequence: Sendable {
    /// By number: its places in the block.
    private var places: [UInt64] = []

    mutating func length(_ a: [UInt32], _ b: [UInt32]) -> Int {
        guard let most = max(a.max() ?? 0, b.max() ?? 0) as UInt32?, !a.isEmpty, !b.isEmpty else { return 0 }
        if places.count <= Int(most) {
            places.append(contentsOf: repeatElement(0, count: Int(most) + 1 - places.count))
        }
        var carries = [Bool](repeating: false, count: a.count > 64 ? b.count : 0), length = 0
        for start in stride(from: 0, to: a.count, by: 64) {
            let block = a[start..<min(start + 64, a.count)]
            for (bit, number) in block.enumerated() { places[Int(number)] |= 1 << UInt64(bit) }
            var v = UInt64.max
            if carries.isEmpty {
                for number in b {
                    let u = v & places[Int(number)]
                    v = (v &+ u) | (v &- u)
                }
            } else {
                for (row, number) in b.enumerated() {
                    let u = v & places[Int(number)]
                    let (first, overflow) = v.addingReportingOverflow(u)
                    let (sum, second) = first.addingReportingOverflow(carries[row] ? 1 : 0)
                    carries[row] = overflow || second
                    v = sum | (v &- u)
                }
            }
            // Places past the end of the list match nothing and stay ones.
            length += (~v).nonzeroBitCount
            for number in block { places[Int(number)] = 0 }
        }
        return length
    }
}
