import pytest

from smeaton.task.scales import find_scale


@pytest.mark.parametrize(
    "labels",
    [
        ["low", "medium", "high"],
        ["Very Low", "Low", "Medium", "High", "Very High"],
        ["S", "M", "L", "XL"],
        ["<18", "18-25", "26+"],
        ["under 18", "18-25", "26-64", "65 and over"],
        ["0", "1", "2", "3+"],
        ["< 1 year", "1-2 years", "3-5 years", "10+ years"],
        ["<$50K", "$50K-$75K", "$75K+"],
        ["[0, 10)", "[10, 20)", "[20, 30)"],
        ["1-99", "100-999", "1,000-9,999", "10,000+"],
        ["strongly disagree", "disagree", "neutral", "agree", "strongly agree"],
        ["never", "rarely", "sometimes", "often", "always"],
        ["Jan", "Feb", "Dec"],
        ["Monday", "Tuesday", "Sunday"],
        ["Fair", "Good", "Very Good", "Premium", "Ideal"],
        ["none", "mild", "moderate", "severe"],
        ["niedrig", "mittel", "hoch"],
        ["bronze", "silver", "gold"],
    ],
    ids=lambda labels: labels[0],
)
def test_labels_in_order(labels: list[str]) -> None:
    assert find_scale(labels) == tuple(labels)
    assert find_scale(labels[::-1]) == tuple(labels)


@pytest.mark.parametrize(
    "labels",
    [
        ["low", "high"],  # of two every order is one
        ["low", "medium", "blue"],
        ["low", "Low", "high"],
        ["medium", "moderate", "high"],  # one step in two ways
        ["1", "2", "3"],
        ["555-1234", "555-2222", "555-3333"],
        ["10-20", "15-25", "30-40"],
        ["2-1", "3-0", "1-1"],
        ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
        ["a", "b", "c"],
        [],
        [str(i) + "+" for i in range(100)],
    ],
    ids=str,
)
def test_labels_without_an_order(labels: list[str]) -> None:
    assert find_scale(labels) is None
