import json

from xmlrec.recommend.answers import Explanation, Recommendations, RecommendedItem


def test_an_answer_as_json():
    explanation = Explanation(terms={"text": 0.5}, because=(("a", 0.25),), neighbours=())
    answer = Recommendations(
        session_id="s",
        items=(
            RecommendedItem(item_id="é", score=0.12345678, explanation=explanation),
            RecommendedItem(item_id="b", score=-1.0),
        ),
        n_unknown=2,
        reason="2 items are available",
    )

    assert json.loads(json.dumps(answer.to_json())) == {
        "id": "s",
        "items": [
            {
                "item_id": "é",
                "score": 0.123457,
                "explanation": {"terms": {"text": 0.5}, "because": [["a", 0.25]], "neighbours": []},
            },
            {"item_id": "b", "score": -1.0},
        ],
        "n_unknown": 2,
        "reason": "2 items are available",
    }
