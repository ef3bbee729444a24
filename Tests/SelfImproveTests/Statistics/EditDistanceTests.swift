import Testing

@testable import SelfImprove

@Suite struct EditDistanceTests {
    @Test(arguments: [
        ("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("flaw", "lawn", 2), ("same", "same", 0),
    ])
    func theFewestEditsAreCounted(a: String, b: String, edits: Int) {
        #expect(EditDistance.levenshtein(Array(a), Array(b)) == edits)
    }
}
