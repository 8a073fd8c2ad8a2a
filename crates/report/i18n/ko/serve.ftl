# 서비스: 클러스터 사용자와 운영자가 읽는 글.

serve-policy-failed = [{ $policy }] 평가하지 못했습니다: { $detail }
serve-unjudged = { $reason }. 묻지 못한 정책: { $policies }
serve-overloaded = 대기 중인 어드미션 요청이 너무 많습니다
serve-too-late = 응답할 시간이 지났습니다
serve-broke-off = 평가가 중단되었습니다
serve-more-warnings = 경고 { NUMBER($count) }건을 더 표시하지 않았습니다
