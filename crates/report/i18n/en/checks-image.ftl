# Texts of the checks in the area `image`.
